export { startEmbeddedPostgres } from './embedded-postgres';
export { holdsDatabase } from './layout';
export type { EmbeddedPostgres } from './embedded-postgres';
