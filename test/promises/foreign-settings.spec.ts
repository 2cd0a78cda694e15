import { Client } from 'pg';
import { HealthService } from '#app';
import { VerificationService } from '#ledger';
import { aMember } from '../../libs/members/src/member.factory';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { codeOf, startApi, type LocalApi } from '../support/harness';
import { until } from '../support/load';
import { noPgBouncer, startPgBouncer } from '../support/pgbouncer';
import { readinessOf } from '../support/readiness';

/** What somebody has set for the database, for reasons of their own. */
const german = {
  datestyle: 'German, DMY',
  timezone: 'Asia/Kathmandu',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-3',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  transform_null_equals: 'on',
  client_encoding: 'LATIN1',
  quote_all_identifiers: 'on',
};
const sql = {
  datestyle: 'SQL, MDY',
  timezone: 'America/St_Johns',
  default_transaction_isolation: 'repeatable read',
  xmloption: 'document',
  array_nulls: 'off',
  enable_seqscan: 'off',
  jit: 'on',
};
/** Where the clock is hours before UTC, and names of zones stand in the text. */
const postgres = { datestyle: 'Postgres, DMY', timezone: 'America/Los_Angeles' };

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

async function asSuperuser(...statements: string[]): Promise<void> {
  const superuser = new Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  for (const statement of statements) await superuser.query(statement);
  await superuser.end();
}

async function set(settings: Record<string, string>): Promise<void> {
  const name = new URL(database.superuserUrl).pathname.slice(1);
  await asSuperuser(
    ...Object.entries(settings).map(([key, value]) => `ALTER DATABASE ${name} SET ${key} = '${value}'`),
  );
}

async function sealed(api: LocalApi): Promise<void> {
  await until(async () => {
    const [left] = await api.query(`SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) IS NULL LIMIT 1`);
    return left === undefined;
  }, 10_000);
}

/** A day of an office: what it was told, in a form that does not depend on the day. */
async function aDay(api: LocalApi): Promise<unknown> {
  const admin = await api.as('admin');
  const member = aMember({
    memberNumber: 'D1',
    lastName: 'Delgado',
    address: '1 Elm Street',
    email: 'rosa@example.org',
    dateOfBirth: '1980-05-17',
    notes: String.raw`a\b 'c'`,
  });
  const made = await admin.post('/members', member);
  const { id, createdAt } = made.json<{ id: number; createdAt: string }>();
  const employment = { memberId: id, organizationId: 999_999, startDate: '2026-01-31', hourlyRate: '45.50' };
  const dangling = await admin.post('/member-employments', employment);
  const twice = await admin.post('/members', member);
  const seen = await admin.get(`/members/${id}`);
  const listed = await admin.get('/members?sort=-createdAt&limit=1');
  const trail = await admin.get(`/audit/logs?tableName=members&recordId=${id}&action=CREATE`);
  const [entry] = trail.json<{ items: { changedAt: string; newValues: object }[] }>().items;
  const csv = await admin.get('/members/export?format=csv');
  await sealed(api);
  const { verdict } = await api.app.get(VerificationService).run({});
  return {
    made: [made.status, Math.abs(Date.parse(createdAt) - Date.now()) < 60_000, createdAt.replace(/[\d]/g, '9')],
    dangling: [codeOf(dangling), dangling.json()['errors']],
    twice: [codeOf(twice), twice.json()['errors']],
    seen: [seen.json()['dateOfBirth'], seen.json()['notes']],
    listed: listed.json<{ items: { id: number }[] }>().items[0]?.id === id,
    entry: [entry?.changedAt.replace(/[\d]/g, '9'), entry?.newValues],
    csv: csv.text.includes('1980-05-17'),
    verdict: [verdict.valid, verdict.fault],
  };
}

/** The values of the entry that differ from day to day. */
function timeless(day: unknown): unknown {
  return JSON.parse(JSON.stringify(day).replace(/"20\d\d-\d\d-\d\dT[\d:.]+\+00:00"/g, '"now, in UTC"')) as unknown;
}

async function dayOn(settings: Record<string, string>, url?: (url: string) => string): Promise<unknown> {
  await set(settings);
  const api = await startApi({ database, ...(url && { config: { databaseUrl: url(database.applicationUrl) } }) });
  try {
    return timeless(await aDay(api));
  } finally {
    await api.close();
  }
}

describe('a server that is set otherwise answers, records and seals alike', () => {
  let usual: unknown;
  beforeAll(async () => {
    const own = await createTestDatabase();
    const api = await startApi({ database: own });
    usual = timeless(await aDay(api));
    await api.close();
    await own.drop();
  });

  it.each([
    ['in German', german],
    ['as SQL has it', sql],
    ['as PostgreSQL had it first', postgres],
  ])('%s', async (_, settings) => {
    expect(usual).toMatchObject({ made: [201, true, '9999-99-99T99:99:99.999999Z'], verdict: [true, null] });
    expect(await dayOn(settings)).toEqual(usual);
  });

  (noPgBouncer ? it.skip : it)('in German, through PgBouncer', async () => {
    const bouncer = await startPgBouncer(database.applicationUrl);
    try {
      expect(await dayOn(german, () => bouncer.url)).toEqual(usual);
    } finally {
      await bouncer.stop();
    }
  });
});

it('what keeps entries from being sealed is named in readiness', async () => {
  const api = await startApi({ database });
  try {
    await sealed(api);
    await asSuperuser('REVOKE EXECUTE ON FUNCTION audit_seal FROM ip2a_app');
    await api.as('admin');
    const detail = async () => {
      api.app.get(HealthService).forget();
      return (await readinessOf(api)).text();
    };
    await until(async () => (await detail()).includes('permission denied for function audit_seal'), 10_000);
  } finally {
    await api.close();
  }
});
