import { Client as PgClient, Pool as PgPool, type ClientConfig, type PoolConfig } from 'pg';

/**
 * What statements and readers here depend on, and a server, a database or a role may set otherwise. It goes out with the
 * first message of a connection: a pooler such as PgBouncer keeps these three for each client, wherever it sends a statement.
 */
const pinned = { DateStyle: 'ISO, YMD', TimeZone: 'UTC', standard_conforming_strings: 'on' };

/** The driver's own class, with what its types leave out: it makes the first message. */
const Driver = PgClient as unknown as new (options?: string | ClientConfig) => PgClient & {
  getStartupConf(): Record<string, string>;
};

/** A connection whose answers are the same on every server. */
export class Client extends Driver {
  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), ...pinned };
  }
}

/** A pool of such connections. */
export class Pool extends PgPool {
  constructor(options: PoolConfig) {
    super({ ...options, Client });
  }
}
