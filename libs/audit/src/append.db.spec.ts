import { Client, type QueryResultRow } from 'pg';
import { accountVersionOf, createSignedIn } from '../../../test/support/accounts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { resources, tableOf } from '../../../test/support/resources';

let database: TestDatabase;
/** As the application, which may not do more. */
let application: Client;
let superuser: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  application = new Client({ connectionString: database.applicationUrl });
  superuser = new Client({ connectionString: database.superuserUrl });
  await Promise.all([application.connect(), superuser.connect()]);
});
afterAll(async () => {
  await Promise.all([application.end(), superuser.end()]);
  await database.drop();
});

/** The positions of the entries whose conditions do not hold; below zero where only a replica was late. */
async function append(entries: object[], client = application): Promise<number[] | null> {
  const { rows } = await client.query<{ outdated: number[] | null }>('SELECT audit_append($1::json) AS outdated', [
    JSON.stringify(entries),
  ]);
  return rows[0]!.outdated;
}

async function one<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row> {
  const [row] = await database.query<Row>(sql, values);
  if (!row) throw new Error(`No row: ${sql}`);
  return row;
}

const entry = { action: 'READ', source: 'api' };
const written = (requestId: string) =>
  database.query<{ id: number; recordId: number }>(
    'SELECT id::integer, record_id::integer AS "recordId" FROM audit_logs WHERE request_id = $1 ORDER BY audit_logs.id',
    [requestId],
  );
const lastNumber = async () =>
  Number((await one<{ last: string }>('SELECT last_value AS last FROM audit_logs_id_seq')).last);

/** Everything the client does is undone. */
async function undone<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

describe('a batch', () => {
  const fails = { accountId: 2_000_000_000, accountVersion: '1' };
  const holds = { accountId: 2_000_000_000, accountVersion: '0' };

  it('writes the entries whose conditions hold and answers the positions of the others', async () => {
    const before = await lastNumber();
    const requestId = 'a mixed batch';
    const batch = [
      { ...entry, requestId, recordId: 1, ...holds },
      { ...entry, requestId, recordId: 2, ...fails },
      { ...entry, requestId, recordId: 3 },
      fails,
      holds,
      { ...entry, requestId, recordId: 4, ...holds, accountEndsAt: 1 },
      { ...entry, requestId, recordId: 5, ...holds, userId: 1, horizon: '1', timeline: 1_000_000 },
      { ...entry, requestId, recordId: 6, ...holds },
    ];
    expect(await append(batch)).toEqual([2, 4, 6, -7]);
    const found = await written(requestId);
    expect(found.map(({ recordId }) => recordId)).toEqual([1, 3, 6]);
    expect(found.map(({ id }) => id)).toEqual([before + 1, before + 2, before + 3]);
    expect(await lastNumber()).toBe(before + 3);
  });

  it.each([
    ['answers null where all hold', [entry, { ...entry, ...holds }, holds], null, 2],
    ['answers null for nothing', [], null, 0],
    ['answers every position where none holds', [{ ...entry, ...fails }, fails], [1, 2], 0],
    ['writes nothing for conditions without an action', [holds, holds], null, 0],
  ])('%s', async (_, entries, outdated, numbers) => {
    const before = await lastNumber();
    expect(await append(entries)).toEqual(outdated);
    expect((await lastNumber()) - before).toBe(numbers);
  });

  it.each([
    ['an account', { accountId: 2_000_000_000 }, 1],
    ['a row', { tableName: 'members', recordId: 1, changedAtUs: '1' }, 1],
    ['a replica', { horizon: '9000000000000000000', userId: 1 }, -1],
  ])('counts a condition on %s that lacks its version as one that does not hold', async (_, condition, place) => {
    const requestId = `undecided ${JSON.stringify(condition)}`;
    expect(await append([{ ...entry, ...condition, requestId }])).toEqual([place]);
    expect(await written(requestId)).toEqual([]);
  });

  it('writes the entries of one number all or none', async () => {
    const requestId = 'whole replies';
    const of = (together: number, recordId: number) => ({ ...entry, requestId, together, recordId });
    const batch = [
      of(1, 1),
      { ...of(2, 2), ...fails },
      { ...entry, requestId, recordId: 3, ...fails },
      of(2, 4),
      { ...entry, requestId, recordId: 5 },
      { ...of(1, 6), ...holds },
      { ...of(3, 7), userId: 1, horizon: '1', timeline: 1_000_000 },
      of(3, 8),
    ];
    expect(await append(batch)).toEqual([2, 3, -7]);
    expect((await written(requestId)).map(({ recordId }) => recordId)).toEqual([1, 5, 6]);
  });

  it('names a row that has changed before a replica that is late', async () => {
    expect(await append([{ ...fails, userId: 1, horizon: '1', timeline: 1_000_000 }])).toEqual([1]);
  });
});

const newAccount = () => createSignedIn(database);
const versionOf = (accountId: number) => accountVersionOf(database, accountId);
const officer = `(SELECT id FROM roles WHERE name = 'officer')`;

describe('a condition on an account', () => {
  it('takes an account without a version as version 0', async () => {
    const { id } = await one<{ id: number }>(
      `INSERT INTO users (email, password_hash, first_name, last_name) VALUES ('new@local.example', '-', 'New', 'Account')
       RETURNING id`,
    );
    expect(await append([{ accountId: id, accountVersion: '0' }])).toBeNull();
    expect(await append([{ accountId: id, accountVersion: '1' }])).toEqual([1]);
  });

  it.each([
    ['has passed', -1, [1]],
    ['has not come', 60, null],
  ])('ends when the end of its first role %s', async (_, seconds, outdated) => {
    const accountId = await newAccount();
    const accountVersion = await versionOf(accountId);
    expect(await append([{ accountId, accountVersion, accountEndsAt: Date.now() / 1000 + seconds }])).toEqual(outdated);
  });

  /** Statements about the account $1, of which each is a transaction. */
  const changes: [what: string, statements: string[]][] = [
    ['a role that is given', [`INSERT INTO user_roles (user_id, role_id) VALUES ($1, ${officer})`]],
    ['a role that is taken away', ['DELETE FROM user_roles WHERE user_id = $1']],
    ['another end of a role', [`UPDATE user_roles SET expires_at = now() + interval '1 hour' WHERE user_id = $1`]],
    ['a lock', [`UPDATE users SET locked_until = '9999-12-31' WHERE id = $1`]],
    ['a removal', ['UPDATE users SET deleted_at = now() WHERE id = $1']],
    ['a deactivation', ['UPDATE users SET is_active = false WHERE id = $1']],
    ['another address', [`UPDATE users SET email = 'moved' || id || '@local.example' WHERE id = $1`]],
    ['an address that is not verified any more', ['UPDATE users SET email_verified_at = NULL WHERE id = $1']],
    ['a password that must be changed', ['UPDATE users SET must_change_password = true WHERE id = $1']],
    [
      'a new password, which ends the sessions',
      [
        `WITH ended AS (UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = $1)
         UPDATE users SET password_hash = 'new' WHERE id = $1`,
      ],
    ],
    ['a session that is ended', ['UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = $1']],
    ['a session that is deleted', ['DELETE FROM refresh_tokens WHERE user_id = $1']],
    [
      'an account that is deleted for good',
      [
        'DELETE FROM user_roles WHERE user_id = $1',
        'DELETE FROM refresh_tokens WHERE user_id = $1',
        'DELETE FROM users WHERE id = $1',
      ],
    ],
  ];
  const undoing: [what: string, statements: string[]][] = [
    ['an unlock', ['UPDATE users SET locked_until = NULL WHERE id = $1']],
    ['a restore', ['UPDATE users SET deleted_at = NULL WHERE id = $1']],
    ['a reactivation', ['UPDATE users SET is_active = true WHERE id = $1']],
  ];
  async function shutOut(accountId: number): Promise<void> {
    await database.query(
      `UPDATE users SET locked_until = '9999-12-31', deleted_at = now(), is_active = false WHERE id = $1`,
      [accountId],
    );
  }

  it.each([
    ...changes.map(([what, statements]) => [what, statements, newAccount] as const),
    ...undoing.map(([what, statements]) => {
      const shut = async () => {
        const accountId = await newAccount();
        await shutOut(accountId);
        return accountId;
      };
      return [what, statements, shut] as const;
    }),
  ])('does not hold after %s, and the new version does', async (_, statements, make) => {
    const accountId = await make();
    const accountVersion = await versionOf(accountId);
    expect(await append([{ accountId, accountVersion }])).toBeNull();
    for (const statement of statements) await database.query(statement, [accountId]);
    expect(await append([{ accountId, accountVersion }])).toEqual([1]);
    expect(await append([{ accountId, accountVersion: await versionOf(accountId) }])).toBeNull();
  });

  it('does not hold after a change while the triggers of replication act alone', async () => {
    const accountId = await newAccount();
    const accountVersion = await versionOf(accountId);
    await superuser.query('SET session_replication_role = replica');
    await superuser.query('UPDATE users SET is_active = false WHERE id = $1', [accountId]);
    await superuser.query('RESET session_replication_role');
    expect(await append([{ accountId, accountVersion }])).toEqual([1]);
  });

  it.each([
    [
      'a log-in',
      `WITH begun AS (
         INSERT INTO refresh_tokens (user_id, family_id, token_hash, expires_at)
         VALUES ($1, gen_random_uuid(), repeat('a', 64), now() + interval '1 day')
       ) UPDATE users SET last_login_at = now(), failed_login_attempts = 0, locked_until = NULL WHERE id = $1`,
    ],
    ['a failed log-in', 'UPDATE users SET failed_login_attempts = failed_login_attempts + 1 WHERE id = $1'],
    ['a session that goes on', 'UPDATE refresh_tokens SET rotated_at = now() WHERE user_id = $1'],
    ['a second factor that is begun', `UPDATE users SET mfa_secret = 'secret', mfa_last_step = 1 WHERE id = $1`],
    ['another name', `UPDATE users SET first_name = 'Other' WHERE id = $1`],
    [
      'a lock of somebody else',
      `UPDATE users SET locked_until = '9999-12-31' WHERE id = (SELECT min(id) FROM users WHERE id <> $1)`,
    ],
  ])('holds after %s', async (_, statement) => {
    const accountId = await newAccount();
    const accountVersion = await versionOf(accountId);
    await database.query(statement, [accountId]);
    expect(await versionOf(accountId)).toBe(accountVersion);
    expect(await append([{ accountId, accountVersion }])).toBeNull();
  });
});

/** A row of each table whose rows are cached. One without a line here is not tested, and fails. */
const newRow: Partial<Record<string, string>> = {
  members: `INSERT INTO members (member_number, first_name, last_name, classification)
    VALUES ('N' || substr(md5(random()::text), 1, 20), 'Rosa', 'Delgado', 'foreman') RETURNING id`,
  organizations: `INSERT INTO organizations (name, org_type) VALUES ('Harbor Electric', 'employer') RETURNING id`,
};
const cachedTables = [...new Set(resources.filter(({ cache }) => cache).map(tableOf))];

interface CachedRow {
  tableName: string;
  recordId: number;
  recordVersion: string;
  changedAtUs: string;
}

async function rowIn(tableName: string, recordId: number): Promise<CachedRow> {
  return one<CachedRow & QueryResultRow>(
    `SELECT '${tableName}' AS "tableName", id AS "recordId", audit_ref::text AS "recordVersion",
       changed_at_us(updated_at)::text AS "changedAtUs" FROM ${tableName} WHERE id = $1`,
    [recordId],
  );
}

const newCachedRow = async (table: string) => rowIn(table, (await one<{ id: number }>(newRow[table]!)).id);

describe.each(cachedTables)('a condition on a cached row of %s', (table) => {
  it('holds while nothing has changed', async () => {
    const row = await newCachedRow(table);
    await database.query(`UPDATE ${table} SET phone = phone WHERE id = $1`, [row.recordId]);
    expect(await append([{ ...entry, ...row }])).toBeNull();
  });

  it.each([
    ['was changed', [`UPDATE ${table} SET phone = '1' WHERE id = $1`]],
    ['was changed and changed back', ['1', null].map((p) => `UPDATE ${table} SET phone = ${p} WHERE id = $1`)],
    ['was removed', [`UPDATE ${table} SET deleted_at = now() WHERE id = $1`]],
    [
      'was removed and restored',
      ['now()', 'NULL'].map((time) => `UPDATE ${table} SET deleted_at = ${time} WHERE id = $1`),
    ],
    ['was deleted for good', [`DELETE FROM ${table} WHERE id = $1`]],
  ])('does not hold when the row %s', async (_, statements) => {
    const row = await newCachedRow(table);
    for (const statement of statements) await database.query(statement, [row.recordId]);
    const requestId = `${table} ${statements.join()}`;
    expect(await append([{ ...entry, ...row, requestId }])).toEqual([1]);
    expect(await written(requestId)).toEqual([]);
  });

  it('does not hold for another microsecond, another version or another table', async () => {
    const row = await newCachedRow(table);
    const after = (number: string) => String(BigInt(number) + 1n);
    const others = [
      { ...row, changedAtUs: after(row.changedAtUs) },
      { ...row, recordVersion: after(row.recordVersion) },
      { ...row, recordId: row.recordId + 1_000_000 },
      { ...row, tableName: undefined },
      { ...row, tableName: cachedTables.find((other) => other !== table) },
    ];
    expect(await append(others.map((other) => ({ ...entry, ...other })))).toEqual([1, 2, 3, 4, 5]);
  });

  it('looks at the row as it was committed', async () => {
    const row = await newCachedRow(table);
    await undone(superuser, async () => {
      await superuser.query(`UPDATE ${table} SET phone = '1' WHERE id = $1`, [row.recordId]);
      expect(await append([{ ...entry, ...row }])).toBeNull();
    });
    expect(await append([{ ...entry, ...row }])).toBeNull();
  });
});

it('does not hold for a row of a table that is not cached', async () => {
  const accountId = await newAccount();
  expect(await append([{ ...entry, ...(await rowIn('users', accountId)) }])).toEqual([1]);
});

describe('conditions', () => {
  it('neither wait for locks nor take any that others would wait for', async () => {
    const accountId = await newAccount();
    const accountVersion = await versionOf(accountId);
    const rows = await Promise.all(cachedTables.map(newCachedRow));
    await undone(superuser, async () => {
      for (const { tableName, recordId } of rows) {
        await superuser.query(`SELECT FROM ${tableName} WHERE id = $1 FOR UPDATE`, [recordId]);
        await superuser.query(`LOCK TABLE ${tableName} IN SHARE ROW EXCLUSIVE MODE`);
      }
      await superuser.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [accountId]);
      await superuser.query('SELECT FROM account_versions WHERE user_id = $1 FOR UPDATE', [accountId]);
      await superuser.query('LOCK TABLE users, account_versions IN SHARE ROW EXCLUSIVE MODE');
      // The function itself gives up after 500 ms, so an answer has not waited longer.
      await undone(application, async () => {
        const conditions = { accountId, accountVersion };
        expect(await append(rows.map((row) => ({ ...entry, ...row, ...conditions })))).toBeNull();
        const { rows: locks } = await application.query<{ mode: string }>(
          `SELECT DISTINCT mode FROM pg_locks
           WHERE pid = pg_backend_pid() AND relation = ANY ($1::text[]::regclass[]::oid[])`,
          [[...cachedTables, 'account_versions']],
        );
        expect(locks).toEqual([{ mode: 'AccessShareLock' }]);
      });
    });
  });
});
