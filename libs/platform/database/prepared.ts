import { createHash } from 'node:crypto';
import { DatabaseError, type PoolClient, type QueryConfig, type QueryResult } from 'pg';

/**
 * Who remembers a prepared statement: the connection, as PostgreSQL and PgBouncer since 1.21 promise; or whichever server happens to
 * answer, behind a pooler that passes names on and does not know them (PgBouncer before 1.21 in transaction mode).
 */
export type Preparing = 'by connection' | 'by server';

/** Distinct SQL texts that get a name; beyond, a text is planned each time. Bounds memory. */
const maxNames = 300;
/** A statement may be sent to another server each time; after so many that did not agree with us it is sent without a name. */
const attempts = 3;
/** A server has no statement of that name, or has one already. */
const unknownStatement = '26000';
const knownStatement = '42P05';

const probe = 'ip2a_probe';

/** What of the driver's connection keeps which statements it takes for prepared there, by name. */
interface Remembering {
  connection: { parsedStatements: Record<string, string | undefined> };
}

/** Finds out who remembers a statement, by one that asks for its own name: a pooler that keeps statements gives them names of its own. */
export async function preparingOf(client: PoolClient): Promise<Preparing> {
  const text = `SELECT name, pg_backend_pid() AS pid FROM pg_prepared_statements WHERE name = '${probe}'`;
  try {
    const { rows } = await client.query<{ name: string; pid: number }>({ name: probe, text });
    const isServer = rows[0]?.pid === (client as unknown as { processID: number }).processID;
    return rows.length === 0 || isServer ? 'by connection' : 'by server';
  } catch (error) {
    // Who connected to this server before us has left it there.
    if (codeOf(error) === knownStatement) return 'by server';
    throw error;
  }
}

/**
 * Runs statements under names, so that PostgreSQL plans each once for a connection. A name is made of the text: whoever finds it on a server
 * finds the same statement.
 */
export class PreparedStatements {
  preparing: Preparing = 'by connection';
  private readonly names = new Map<string, string>();

  /** Within a transaction a name that the server does not know would end it, so that what may meet another server has none there. */
  async run(client: PoolClient, statement: QueryConfig, inTransaction = false): Promise<QueryResult> {
    if (this.preparing === 'by connection') return client.query({ ...statement, name: this.nameOf(statement.text) });
    const name = inTransaction ? undefined : this.nameOf(statement.text);
    if (name === undefined) return client.query(statement);
    const remembered = (client as unknown as Remembering).connection.parsedStatements;
    let isThere = true;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      remembered[name] = isThere ? statement.text : undefined;
      try {
        return await client.query({ ...statement, name });
      } catch (error) {
        const code = codeOf(error);
        if (code !== unknownStatement && code !== knownStatement) throw error;
        isThere = code === knownStatement;
      }
    }
    return client.query(statement);
  }

  private nameOf(text: string): string | undefined {
    let name = this.names.get(text);
    if (!name && this.names.size < maxNames) {
      name = `ip2a_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
      this.names.set(text, name);
    }
    return name;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}
