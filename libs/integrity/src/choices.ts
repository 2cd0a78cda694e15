import { isKey } from '#platform/object-store';
import type { Issue } from './check';

/** An answer that a person may give to an issue. */
export interface Choice {
  label: string;
  /** Changes the record $1; further values follow. None where an object is removed, which has no record. */
  sql?: string;
  values?: readonly unknown[];
}

const organizationTypes = ['employer', 'union', 'training_partner', 'jatc'];
const removeAttachment: Choice = {
  label: 'remove the attachment; it can be restored',
  sql: 'UPDATE file_attachments SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL',
};

const choices: Record<string, (details: Issue['details']) => Choice[]> = {
  'organizations.enum': () =>
    organizationTypes.map((type) => ({
      label: `make it ${type}`,
      sql: 'UPDATE organizations SET org_type = $2 WHERE id = $1',
      values: [type],
    })),
  'employments.ended-in-future': () => [
    { label: 'clear the end date', sql: 'UPDATE member_employments SET end_date = NULL WHERE id = $1' },
  ],
  'members.hired-in-future': () => [
    { label: 'clear the hire date', sql: 'UPDATE members SET hire_date = NULL WHERE id = $1' },
  ],
  // One that is not current any more can not be kept as the only one.
  'employments.several-current': ({ employments }) =>
    (employments as number[]).map((id) => ({
      label: `keep employment ${id} as the current one`,
      sql: `UPDATE member_employments SET is_current = false WHERE member_id = $1 AND is_current AND end_date IS NULL AND id <> $2
        AND EXISTS (SELECT FROM member_employments WHERE id = $2 AND member_id = $1 AND is_current AND end_date IS NULL)`,
      values: [id],
    })),
  'attachments.object-missing': () => [removeAttachment],
  'attachments.object-differs': () => [removeAttachment],
  // The store touches nothing but what it can have stored itself.
  'attachments.object-without-row': ({ storageKey }) =>
    isKey(String(storageKey)) ? [{ label: 'destroy the object, for good' }] : [],
};

/**
 * What may be decided about an issue at a terminal. Nothing where the answer is a fact that somebody has to know (a name, a number), where
 * it is a status or a classification, whose change has consequences, or where the record is evidence.
 */
export function choicesOf({ kind, details }: Issue): Choice[] {
  return choices[kind]?.(details) ?? [];
}

export const isDecidable = (kind: string) => kind in choices;
