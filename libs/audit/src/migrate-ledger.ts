import { Client } from 'pg';
import { migrate, roleOf } from '#platform/database';
import { weaknessesOf } from './weaknesses';

/** Migrates, grants, and answers what is weaker than promised all the same, in sentences for an operator. */
export async function migrateLedger(
  urls: { ownerUrl: string; applicationUrl: string; archiverUrl?: string },
  log?: (line: string) => void,
): Promise<string[]> {
  await migrate(urls, log);
  const owner = new Client({ connectionString: urls.ownerUrl });
  await owner.connect();
  try {
    const ask = async (sql: string, values: unknown[]) => (await owner.query<{ weakness: string }>(sql, values)).rows;
    return await weaknessesOf(ask, roleOf(urls.applicationUrl));
  } finally {
    await owner.end();
  }
}
