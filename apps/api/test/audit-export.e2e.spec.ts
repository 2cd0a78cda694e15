import { parse } from 'csv-parse/sync';
import { aMember } from '../../../libs/members/src/member.factory';
import { run } from '../../../test/support/cli';
import { startApi, type Client, type LocalApi, type Reply } from '../../../test/support/harness';
import { until } from '../../../test/support/load';

let api: LocalApi;
let admin: Client;
let staff: Client;
let id: number;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  staff = await api.as('staff');
  id = (await staff.post('/members', aMember({ lastName: '=cmd()' }))).json<{ id: number }>().id;
  await staff.get(`/members/${id}`, { 'X-Access-Reason': '=1+1' });
  await staff.get('/members?limit=5');
});
afterAll(() => api.close());

interface Line {
  id: number;
  action: string;
  changedAt: string;
  tableName: string | null;
  recordId: number | null;
  recordIds: number[] | null;
}

/** What an event of either standard says of its number. */
interface Event {
  id?: string;
  metadata?: { uid: string };
}

/**
 * An export holds the entries of transactions before the oldest that is open on the server. Other specs have some open,
 * so this waits until every entry counts.
 */
async function exported(path: string): Promise<Reply> {
  await until(async () => {
    const [row] = await api.query<{ isOver: boolean }>(
      'SELECT bool_and(txid < pg_snapshot_xmin(pg_current_snapshot())) AS "isOver" FROM audit_logs',
    );
    return row?.isOver === true;
  }, 60_000);
  return admin.get(path);
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('an export of the ledger', () => {
  it('holds every entry there was, oldest first, and is itself on record', async () => {
    // More than are read at a time.
    await api.database.query(
      `INSERT INTO audit_logs (action, table_name, record_id, source) SELECT 'READ', 'members', n, 'job' FROM generate_series(1, 2500) n`,
    );
    const there = await api.entries();
    const reply = await exported('/audit/export');
    expect(reply.headers['content-type']).toBe('application/jsonl; charset=utf-8');
    expect(reply.headers['content-disposition']).toMatch(/^attachment; filename="ledger-[\dT-]+Z\.jsonl"$/);
    const lines = linesOf(reply.text);
    expect(lines.map((line) => line.id).sort((a, b) => a - b)).toEqual(there.map((entry) => entry.id));
    expect(lines.map((line) => line.changedAt)).toEqual(lines.map((line) => line.changedAt).sort());
    await api.expectAudit(reply, {
      action: 'EXPORT',
      tableName: 'audit_logs',
      filters: expect.objectContaining({ format: 'jsonl' }) as Record<string, unknown>,
      notes: expect.stringMatching(new RegExp(`^${there.length} entries`)) as string,
    });
  });

  it('takes the filters of the search, lists that showed a record included', async () => {
    const reply = await exported(`/audit/export?tableName=members&recordId=${id}&changedBy=${staff.account.id}`);
    const lines = linesOf(reply.text);
    expect(lines.map(({ action }) => action)).toEqual(['CREATE', 'READ', 'BULK_READ']);
    expect(lines.every(({ recordId, recordIds }) => recordId === id || recordIds?.includes(id))).toBe(true);
    await api.expectAudit(reply, { action: 'EXPORT', tableName: 'audit_logs' });
  });

  it('as CSV opens in a spreadsheet without running what somebody wrote', async () => {
    const reply = await exported(`/audit/export?format=csv&changedBy=${staff.account.id}&action=READ`);
    const [row] = parse<Record<string, string>>(reply.text, { columns: true });
    expect(row).toMatchObject({ action: 'READ', tableName: 'members', recordId: String(id), reason: `'=1+1` });
    await api.expectAudit(reply, { action: 'EXPORT', tableName: 'audit_logs' });
  });

  it.each([
    ['ocsf', 'application/jsonl', 'ocsf.jsonl'],
    ['fhir', 'application/fhir+ndjson', 'fhir.ndjson'],
  ])('as %s holds the same entries, under its own media type, on record', async (format, type, ending) => {
    const filters = `changedBy=${staff.account.id}&to=${new Date().toISOString()}`;
    const plain = linesOf((await exported(`/audit/export?${filters}`)).text);
    const reply = await exported(`/audit/export?format=${format}&${filters}`);
    expect(reply.headers['content-type']).toBe(`${type}; charset=utf-8`);
    expect(reply.headers['content-disposition']).toContain(`Z.${ending}"`);
    const events = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(events.map(({ id, metadata }) => Number(id ?? metadata?.uid))).toEqual(plain.map(({ id }) => id));
    expect(plain.length).toBeGreaterThan(4);
    // A secret is named and never shown, here as elsewhere.
    expect(reply.text).not.toMatch(/\$argon2|[0-9a-f]{64}/);
    await api.expectAudit(reply, {
      action: 'EXPORT',
      tableName: 'audit_logs',
      filters: expect.objectContaining({ format }) as Record<string, unknown>,
      notes: expect.stringMatching(new RegExp(`^${plain.length} entries`)) as string,
    });
  });

  it('refuses a form that it does not know', async () => {
    expect((await admin.get('/audit/export?format=xml')).status).toBe(422);
  });

  it.each(['jsonl', 'ocsf', 'fhir'])('is made by a command, too, as %s, on record', async (format) => {
    const since = (await api.entries()).at(-1)?.id;
    const { status, stdout, stderr } = await run(api.database, ['audit', 'export', '--format', format]);
    expect([status, stderr]).toEqual([0, `${stdout.trimEnd().split('\n').length} entries\n`]);
    const [entry] = await api.entries({ since, action: 'EXPORT' });
    expect(entry).toMatchObject({ source: 'cli', actorEmail: 'system:audit:export', filters: { format } });
  });

  it('is for administrators', async () => {
    for (const role of ['officer', 'staff', 'member'] as const) {
      const reply = await (await api.as(role)).get('/audit/export');
      expect(reply.status).toBe(403);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', route: 'audit:export' });
    }
  });

  it('shows nothing while its own entry can not be written', async () => {
    await api.database.query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
    const reply = await exported('/audit/export');
    await api.database.query('GRANT INSERT ON audit_logs TO ip2a_owner');
    expect(reply.status).toBe(503);
    expect(reply.text).not.toContain('members');
  });
});
