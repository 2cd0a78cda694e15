import { createHash } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { Operation } from '#access';
import type { Api, Client } from '../support/harness';

/** What an operation takes that no example of a document can hold: a token, a code, the id of a session or of an active hold. */
interface Stage {
  body?: Record<string, unknown>;
  id?: string;
}

type Stager = (api: Api, client: Client) => Promise<Stage>;

/** Brings an account or a record to where the operation succeeds. */
const stages: Partial<Record<Operation, Stager>> = {
  'auth:end-session': async (_api, client) => {
    const { items } = (await client.get('/auth/sessions')).json<{ items: { id: string }[] }>();
    return { id: items[0]?.id };
  },
  'auth:verify-email': async (api, { account }) => {
    await api.query('UPDATE users SET email_verified_at = NULL WHERE id = $1', [account.id]);
    return mailedToken(api, account.id, 'verify-email');
  },
  'auth:reset-password': (api, { account }) => mailedToken(api, account.id, 'reset-password'),
  'auth:confirm-password': (_api, { account }) => Promise.resolve({ body: { password: account.password } }),
  'auth:mfa-enroll': (_api, { account }) => Promise.resolve({ body: { currentPassword: account.password } }),
  'auth:mfa-confirm': async (_api, client) => ({ body: { code: codeOf(await begin(client)) } }),
  'auth:mfa-disable': async (_api, client) => ({
    body: { password: client.account.password, code: codeOf(await enroll(client), 1) },
  }),
  'legal-holds:release': placedHold,
  'legal-holds:delete': placedHold,
  'auth:mfa-verify': async (api, client) => {
    const secret = await enroll(client);
    const { email, password } = client.account;
    const { mfaToken } = (await api.anonymous.post('/auth/login', { email, password })).json<{ mfaToken: string }>();
    return { body: { mfaToken, code: codeOf(secret, 1), recoveryCode: undefined } };
  },
};

export async function stageOf(operation: Operation, api: Api, client: Client): Promise<Stage> {
  return (await stages[operation]?.(api, client)) ?? {};
}

/** One that only its release needs. */
async function placedHold(api: Api, { account }: Client): Promise<Stage> {
  const [hold] = await api.query<{ id: number }>(
    `INSERT INTO legal_holds (matter, reason, everything, placed_by, placed_at) VALUES ('Inquiry', 'Letter', true, $1, now())
     RETURNING id`,
    [account.id],
  );
  return { id: String(hold?.id) };
}

/** As it would stand in a mail. */
async function mailedToken(api: Api, userId: number, purpose: string): Promise<Stage> {
  const token = `${purpose} of ${userId}`;
  await api.query(
    `INSERT INTO one_time_tokens (user_id, purpose, token_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 hour')`,
    [userId, purpose, createHash('sha256').update(token).digest('hex')],
  );
  return { body: { token } };
}

async function begin(client: Client): Promise<string> {
  const reply = await client.post('/auth/mfa/enroll', { currentPassword: client.account.password });
  return reply.json<{ secret: string }>().secret;
}

async function enroll(client: Client): Promise<string> {
  const secret = await begin(client);
  await client.post('/auth/mfa/confirm', { code: codeOf(secret) });
  return secret;
}

/** The code of now, or of a step to come, which is good already. */
function codeOf(secret: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });
}
