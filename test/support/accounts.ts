import { hash } from '@node-rs/argon2';
import type { Role } from '#access';
import type { TestDatabase } from './database';
import type { Account } from './client';

/** The password of every test account, hashed with the least work Argon2id allows: tests log in often. */
const password = 'correct horse battery staple';
const passwordHash = hash(password, { memoryCost: 8, timeCost: 1, parallelism: 1 });

let made = 0;

/** Makes an account that can log in, behind the API's back, so that a test's ledger begins with what the test does. */
export async function createAccount(
  database: TestDatabase,
  { roles, memberId = null }: { roles: Role[]; memberId?: number | null },
): Promise<Account> {
  made += 1;
  const email = `${roles[0] ?? 'nobody'}${made}@local.example`;
  const [user] = await database.query<{ id: number }>(
    `INSERT INTO users (email, password_hash, first_name, last_name, email_verified_at, member_id)
     VALUES ($1, $2, 'Test', $3, now(), $4) RETURNING id`,
    [email, await passwordHash, roles.join(' ') || 'Nobody', memberId],
  );
  const id = user?.id ?? 0;
  await database.query('INSERT INTO user_roles (user_id, role_id) SELECT $1, id FROM roles WHERE name = ANY ($2)', [
    id,
    roles,
  ]);
  return { id, email, password };
}

/** The id of a staff account that has a session. */
export async function createSignedIn(database: TestDatabase): Promise<number> {
  const { id } = await createAccount(database, { roles: ['staff'] });
  await database.query(
    `INSERT INTO refresh_tokens (user_id, family_id, token_hash, expires_at)
     VALUES ($1, gen_random_uuid(), encode(sha256($2::bytea), 'hex'), now() + interval '1 day')`,
    [id, String(id)],
  );
  return id;
}

/** The version that an account's rights have on the primary. */
export async function accountVersionOf(database: TestDatabase, accountId: number): Promise<string> {
  const [row] = await database.query<{ version: string }>(
    'SELECT coalesce((SELECT version FROM account_versions WHERE user_id = $1), 0)::text AS version',
    [accountId],
  );
  return row?.version ?? '0';
}
