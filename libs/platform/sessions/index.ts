export { Client, Pool } from './session';
