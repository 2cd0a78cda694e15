import { createHash } from 'node:crypto';
import { systemActor } from '#access';
import { IntegrityService } from '#integrity';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { dataSet, plantDefects, seedStress } from '#stress';
import { expectCommitted } from '../../../test/support/committed';
import { expectLedgerToTellTheRows } from '../../../test/promises/replay';
import { schemaSql } from '../../../test/laws/schema-sql';
import { startApi, type LocalApi } from '../../../test/support/harness';

const scale = 0.04;
const attachments = 750 * scale;
let api: LocalApi;
let planted: Record<string, number>;
const context = () =>
  new RequestContext({ source: 'cli', requestId: 'stress', route: 'stress:seed', actor: systemActor('stress') });

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const seed = () => seedStress(context(), api.app.get(Database), api.database.ownerUrl, { seed: 42, scale });

/** How many issues of each kind there are. */
async function found(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { kind } of api.app.get(IntegrityService).issues(context(), { files: false })) {
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

describe('the stress data set', () => {
  it('is the same for the same seed, byte for byte, and of the documented size', () => {
    const digest = (number: number) => {
      const hash = createHash('sha256');
      for (const { rows } of dataSet(number, scale)) for (const row of rows()) hash.update(JSON.stringify(row));
      return hash.digest('hex');
    };
    expect(digest(42)).toBe(digest(42));
    expect(digest(42)).not.toBe(digest(43));
    expect(dataSet(42, 1).map(({ table, count }) => `${table} ${count}`)).toEqual([
      'members 10000',
      'organizations 5287',
      'organization_contacts 63936',
      'member_employments 434383',
      'students 1000',
      'file_attachments 750',
    ]);
  });

  it('is stored with an entry for each row, which tells it', async () => {
    const report = await seed();
    const [entries] = await api.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM audit_logs WHERE route = 'stress:seed' AND action = 'CREATE'
         AND actor_email = 'system:stress'`,
    );
    expect(entries?.count).toBe(report.total);
    await expectLedgerToTellTheRows(api.database);
  });

  it('is not stored twice, and goes on where it stopped', async () => {
    expect((await seed()).total).toBe(0);
    await api.database.query('DELETE FROM file_attachments');
    expect((await seed()).rows).toEqual({ file_attachments: attachments });
    await api.database.query('DELETE FROM file_attachments WHERE id = 1');
    await expect(seed()).rejects.toThrow(`file_attachments holds ${attachments - 1} rows`);
    await api.database.query('DELETE FROM file_attachments');
    await seed();
  });
});

describe('the integrity check', () => {
  beforeAll(async () => {
    planted = (await plantDefects(context(), api.database.ownerUrl, scale)).planted;
  });

  it('finds every planted defect', async () => {
    const counts = await found();
    const { 'members.no-job': withoutJob, ...others } = counts;
    expect(others).toEqual(planted);
    expect(withoutJob).toBeGreaterThan(0);
  });

  it('changes nothing in a dry run', async () => {
    const [before] = await api.query<{ last: string }>('SELECT max(id) AS last FROM audit_logs');
    const report = await api.app.get(IntegrityService).repair(context(), { dryRun: true });
    const [after] = await api.query<{ last: string }>('SELECT max(id) AS last FROM audit_logs');
    expect([report.repaired, after?.last]).toEqual([0, before?.last]);
  });

  it('mends what has one answer, each by changes on record, and finds it mended; two at once do no harm', async () => {
    const repairing = () =>
      new RequestContext({
        source: 'cli',
        requestId: 'repair',
        route: 'integrity:repair',
        actor: systemActor('integrity'),
      });
    const service = api.app.get(IntegrityService);
    const reports = await Promise.all([
      service.repair(repairing(), { dryRun: false }),
      service.repair(repairing(), { dryRun: false }),
    ]);
    const mended = [
      'employments.orphan',
      'contacts.orphan',
      'students.orphan',
      'attachments.orphan',
      'employments.end-before-start',
      'employments.current-and-ended',
      'contacts.several-primary',
    ];
    const left = await found();
    expect(mended.map((kind) => [kind, left[kind] ?? 0])).toEqual(mended.map((kind) => [kind, 0]));
    expect(reports[0].criticalLeft).toBeGreaterThan(0);
    const entries = await api.query<{ table: string; action: string; count: number }>(
      `SELECT table_name AS "table", action, count(*)::integer AS count FROM audit_logs
       WHERE route = 'integrity:repair' AND actor_email = 'system:integrity' GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    expect(entries).toEqual(
      expect.arrayContaining([
        { table: 'organization_contacts', action: 'UPDATE', count: planted['contacts.several-primary'] },
        { table: 'member_employments', action: 'DELETE', count: planted['employments.orphan'] },
        { table: 'organization_contacts', action: 'DELETE', count: planted['contacts.orphan'] },
        { table: 'students', action: 'DELETE', count: planted['students.orphan'] },
      ]),
    );
    const kept = await api.query<{ reason: string; count: number }>(
      'SELECT reason, count(record)::integer AS count FROM quarantined_records GROUP BY 1',
    );
    expect(Object.fromEntries(kept.map(({ reason, count }) => [reason, count]))).toEqual(
      Object.fromEntries(
        ['employments.orphan', 'contacts.orphan', 'students.orphan'].map((kind) => [kind, planted[kind]]),
      ),
    );
  });

  it('leaves alone what a person must decide, and says so', async () => {
    const left = await found();
    for (const kind of ['members.enum', 'members.required-missing', 'members.duplicate-number', 'ledger.row-differs']) {
      expect([kind, left[kind]]).toEqual([kind, planted[kind]]);
    }
  });

  it('names the constraints that are still lifted, and puts back those that hold', async () => {
    const service = api.app.get(IntegrityService);
    const stillLifted = async () =>
      (await service.lifted(context())).map(({ name, count, ids }) => [name, count, ids.length]).sort();
    const prevented = ['members.enum', 'members.required-missing', 'organizations.enum'].map((kind) => planted[kind]);
    const duplicates = planted['members.duplicate-number'] ?? 0;
    const lifted = await stillLifted();
    expect(lifted).toEqual([
      ['last_name NOT NULL', prevented[1], prevented[1]],
      ['member_employments_current_check', 0, 0],
      ['member_employments_dates_check', 0, 0],
      ['member_employments_member_id_fkey', 0, 0],
      ['members_number_in_any_case_key', 2 * duplicates, 2 * duplicates],
      ['members_status_check', prevented[0], prevented[0]],
      ['organization_contacts_organization_id_fkey', 0, 0],
      ['organization_contacts_primary_key', 0, 0],
      ['organizations_org_type_check', prevented[2], prevented[2]],
      ['students_member_id_fkey', 0, 0],
    ]);
    const restored = await service.restoreConstraints(context(), api.database.ownerUrl);
    expect(restored.map(({ name }) => name)).toHaveLength(6);
    expect(await stillLifted()).toEqual(lifted.filter(([, count]) => count !== 0));

    await api.query(`UPDATE members SET last_name = 'Delgado' WHERE last_name IS NULL`);
    await api.query(`UPDATE members SET status = 'inactive' WHERE status = 'unknown'`);
    await api.query(`UPDATE members SET member_number = 'A' || id WHERE member_number LIKE 'a%'`);
    await api.query(`UPDATE organizations SET org_type = 'union' WHERE org_type = 'vendor'`);
    await service.restoreConstraints(context(), api.database.ownerUrl);
    expect(await stillLifted()).toEqual([]);
    expectCommitted('docs/schema.sql', await schemaSql((sql) => api.query(sql)));
  });

  it('is for administrators, over HTTP as on the command line', async () => {
    const admin = await api.as('admin');
    const reply = await admin.post('/integrity/check');
    expect(reply.status).toBe(200);
    expect(reply.json<{ critical: number }>().critical).toBeGreaterThan(0);
    await api.expectAudit(
      reply,
      ...['member_employments', 'members', 'organizations'].map((tableName) => ({
        action: 'BULK_READ',
        tableName,
        notes: 'integrity check',
      })),
    );
    const refused = await (await api.as('officer')).post('/integrity/repair', { dryRun: true });
    expect(refused.status).toBe(403);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', route: 'integrity:repair' });
  });
});
