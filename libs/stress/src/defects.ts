import type { RequestContext } from '#platform/context';
import { asOwner } from '#platform/database';

/** Constraints that stand in the way of a defect. They are lifted first, and no row is checked against them afterwards. */
const lifted = [
  'ALTER TABLE member_employments DROP CONSTRAINT IF EXISTS member_employments_member_id_fkey',
  'ALTER TABLE member_employments DROP CONSTRAINT IF EXISTS member_employments_dates_check',
  'ALTER TABLE member_employments DROP CONSTRAINT IF EXISTS member_employments_current_check',
  'ALTER TABLE organization_contacts DROP CONSTRAINT IF EXISTS organization_contacts_organization_id_fkey',
  'ALTER TABLE students DROP CONSTRAINT IF EXISTS students_member_id_fkey',
  'ALTER TABLE members DROP CONSTRAINT IF EXISTS members_status_check',
  'ALTER TABLE members ALTER COLUMN last_name DROP NOT NULL',
  'ALTER TABLE organizations DROP CONSTRAINT IF EXISTS organizations_org_type_check',
  'DROP INDEX IF EXISTS organization_contacts_primary_key',
  'DROP INDEX IF EXISTS members_number_in_any_case_key',
];

/** The defects by the kind that the integrity check calls them, at scale 1: how many, and what plants them; $1 is how many. */
const defects: Record<string, { count: number; sql: string }> = {
  'contacts.several-primary': {
    count: 4_537,
    sql: `UPDATE organization_contacts SET is_primary = true WHERE id IN (
      SELECT min(id) FROM organization_contacts WHERE NOT is_primary GROUP BY organization_id ORDER BY organization_id DESC LIMIT $1)`,
  },
  'employments.orphan': {
    count: 25,
    sql: `UPDATE member_employments SET member_id = 1000000 + id WHERE id IN (SELECT id FROM member_employments
      WHERE NOT is_current ORDER BY id DESC LIMIT $1)`,
  },
  'contacts.orphan': {
    count: 20,
    sql: `UPDATE organization_contacts SET organization_id = 1000000 + id WHERE id IN (SELECT id FROM organization_contacts
      WHERE NOT is_primary ORDER BY id DESC LIMIT $1)`,
  },
  'students.orphan': {
    count: 10,
    sql: `UPDATE students SET member_id = 1000000 + id WHERE id IN (SELECT id FROM students ORDER BY id DESC LIMIT $1)`,
  },
  'attachments.orphan': {
    count: 15,
    sql: `UPDATE file_attachments SET record_id = 1000000 + id WHERE id IN (SELECT id FROM file_attachments ORDER BY id DESC LIMIT $1)`,
  },
  'members.required-missing': {
    count: 12,
    sql: `UPDATE members SET last_name = NULL WHERE id IN (SELECT id FROM members ORDER BY id DESC LIMIT $1)`,
  },
  'members.enum': {
    count: 8,
    sql: `UPDATE members SET status = 'unknown' WHERE id IN (SELECT id FROM members ORDER BY id DESC OFFSET 50 LIMIT $1)`,
  },
  'organizations.enum': {
    count: 5,
    sql: `UPDATE organizations SET org_type = 'vendor' WHERE id IN (SELECT id FROM organizations ORDER BY id DESC LIMIT $1)`,
  },
  'employments.end-before-start': {
    count: 40,
    sql: `UPDATE member_employments SET end_date = start_date - 10 WHERE id IN (SELECT id FROM member_employments
      WHERE NOT is_current ORDER BY id OFFSET 100 LIMIT $1)`,
  },
  'employments.current-and-ended': {
    count: 30,
    sql: `UPDATE member_employments SET is_current = true WHERE id IN (SELECT DISTINCT ON (member_id) id FROM member_employments e
      WHERE end_date IS NOT NULL AND end_date > start_date AND NOT EXISTS (SELECT FROM member_employments o
        WHERE o.member_id = e.member_id AND o.is_current) ORDER BY member_id LIMIT $1)`,
  },
  'employments.ended-in-future': {
    count: 20,
    sql: `UPDATE member_employments SET end_date = '2090-01-01' WHERE id IN (SELECT id FROM member_employments
      WHERE NOT is_current AND end_date > start_date ORDER BY id OFFSET 500 LIMIT $1)`,
  },
  'members.hired-in-future': {
    count: 10,
    sql: `UPDATE members SET hire_date = '2090-01-01' WHERE id IN (SELECT id FROM members ORDER BY id DESC OFFSET 100 LIMIT $1)`,
  },
  'employments.several-current': {
    count: 35,
    sql: `UPDATE member_employments SET is_current = true, end_date = NULL WHERE id IN (SELECT max(id) FROM member_employments e
      WHERE NOT is_current AND end_date > start_date AND end_date < '2089-01-01' AND EXISTS (SELECT FROM member_employments o
        WHERE o.member_id = e.member_id AND o.is_current AND o.end_date IS NULL)
      GROUP BY member_id ORDER BY member_id DESC LIMIT $1)`,
  },
  'employments.rate': {
    count: 15,
    sql: `UPDATE member_employments SET hourly_rate = 250 WHERE id IN (SELECT id FROM member_employments ORDER BY id OFFSET 1000 LIMIT $1)`,
  },
  'organizations.no-contact': {
    count: 5,
    sql: `UPDATE organization_contacts SET deleted_at = now() WHERE organization_id IN (
      SELECT id FROM organizations WHERE org_type = 'employer' ORDER BY id DESC LIMIT $1)`,
  },
  'members.duplicate-number': {
    count: 6,
    sql: `UPDATE members SET member_number = 'a' || id / 2 WHERE id IN (SELECT id FROM members WHERE id % 2 = 1 ORDER BY id OFFSET 20 LIMIT $1);
      UPDATE members SET member_number = 'A' || (id - 1) / 2 WHERE id IN (SELECT id + 1 FROM members WHERE member_number LIKE 'a%')`,
  },
  'ledger.row-differs': {
    count: 10,
    sql: `ALTER TABLE members DISABLE TRIGGER zz_audit_touch, DISABLE TRIGGER audit_capture_update;
      UPDATE members SET city = 'Tampered' WHERE id IN (SELECT id FROM members ORDER BY id DESC OFFSET 200 LIMIT $1);
      ALTER TABLE members ENABLE ALWAYS TRIGGER zz_audit_touch, ENABLE ALWAYS TRIGGER audit_capture_update`,
  },
};

/**
 * Plants the defects that the integrity check must find, as the owner, in one transaction. All but the last kind leave entries, as any
 * change does; the last goes around the ledger. Returns how many of each kind, and which constraints were lifted.
 */
export async function plantDefects(context: RequestContext, ownerUrl: string, scale: number) {
  const planted = Object.fromEntries(
    Object.entries(defects).map(([kind, { count }]) => [kind, Math.max(1, Math.floor(count * scale))]),
  );
  await asOwner(ownerUrl, context, async (client) => {
    // A table can not be altered while something about its rows is left for the commit.
    await client.query('SET CONSTRAINTS ALL IMMEDIATE');
    for (const statement of lifted) await client.query(statement);
    for (const [kind, { sql }] of Object.entries(defects)) {
      await client.query(sql.replaceAll('$1', String(planted[kind])));
    }
  });
  return { planted, lifted };
}
