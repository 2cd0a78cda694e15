import { systemActor } from '#access';
import { RequestContext } from '#platform/context';
import { bulkLoad } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { dataSet } from './data-set';

/** At its full size, because a small table is read whole whatever indexes it has. Without entries, which no plan looks at. */
describe('at the size of the stress data set', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    const context = new RequestContext({
      ...{ source: 'cli', requestId: 'plans', route: 'stress:seed' },
      actor: systemActor('stress'),
    });
    const tables = dataSet(42, 1);
    for (const { table } of tables) {
      await database.query(`ALTER TABLE ${table} ALTER COLUMN audit_ref SET DEFAULT 0,
        DISABLE TRIGGER zz_audit_touch, DISABLE TRIGGER audit_capture_insert`);
    }
    const loads = tables.map((table) => ({ ...table, rows: table.rows() }));
    const counts = await bulkLoad(database.ownerUrl, context, loads);
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(515_356);
    await database.query(`ANALYZE ${tables.map(({ table }) => table).join(', ')}`);
  });
  afterAll(() => database.drop());

  it.each([
    [
      'employments of a member',
      `SELECT * FROM member_employments WHERE member_id = 7 ORDER BY start_date`,
      'member_employments_member_id_idx',
    ],
    [
      'employments at an organization',
      `SELECT * FROM member_employments WHERE organization_id = 7 ORDER BY start_date`,
      'member_employments_organization_id_idx',
    ],
    [
      'employments by dates',
      `SELECT * FROM member_employments WHERE start_date > '2025-10-20' ORDER BY start_date`,
      'member_employments_dates_idx',
    ],
    [
      'who works for an organization now',
      `SELECT * FROM member_employments WHERE organization_id = 7 AND is_current`,
      'member_employments_current_idx',
    ],
    [
      'contacts of an organization',
      `SELECT * FROM organization_contacts WHERE organization_id = 7 AND deleted_at IS NULL ORDER BY id`,
      'organization_contacts_organization_id_idx',
    ],
    [
      'the primary contact',
      `SELECT * FROM organization_contacts WHERE organization_id = 7 AND is_primary AND deleted_at IS NULL`,
      'organization_contacts_primary_key',
    ],
    [
      'live members by status and classification',
      `SELECT * FROM members WHERE status = 'suspended' AND classification = 'foreman' AND deleted_at IS NULL`,
      'members_status_classification_idx',
    ],
    [
      'a beginning of last names',
      `SELECT id FROM members WHERE fold_text(last_name || ' ' || first_name) COLLATE "C" >= 'delg'
        AND fold_text(last_name || ' ' || first_name) COLLATE "C" < 'delh' AND deleted_at IS NULL`,
      'members_last_name_search_idx',
    ],
    [
      'contacts in the order of their names',
      `SELECT id FROM organization_contacts WHERE deleted_at IS NULL
        ORDER BY fold_text(last_name || ' ' || first_name) COLLATE "C", id LIMIT 50`,
      'organization_contacts_name_search_idx',
    ],
    [
      'a part of names of organizations',
      `SELECT id FROM organizations WHERE fold_text(name) LIKE '%zelec%' AND deleted_at IS NULL`,
      'organizations_contains_idx',
    ],
  ])('finds %s by its index', async (_, sql, index) => {
    const plan = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`);
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(new RegExp(`Index.* (using|on) ${index} `));
  });
});
