import { isKey } from '#platform/object-store';
import type { Issue } from './check';
import { keepCurrent, removeAttachment, set, type Mend } from './mend';

/** An answer that a person may give to an issue. */
export interface Choice {
  label: string;
  /** None where an object is removed, which has no record. */
  mend?: Mend;
}

const organizationTypes = ['employer', 'union', 'training_partner', 'jatc'];
const remove: Choice = { label: 'remove the attachment; it can be restored', mend: removeAttachment };

const choices: Record<string, (details: Issue['details']) => Choice[]> = {
  'organizations.enum': () =>
    organizationTypes.map((orgType) => ({ label: `make it ${orgType}`, mend: set('organizations', { orgType }) })),
  'employments.ended-in-future': () => [
    { label: 'clear the end date', mend: set('member_employments', { endDate: null }) },
  ],
  'members.hired-in-future': () => [{ label: 'clear the hire date', mend: set('members', { hireDate: null }) }],
  'employments.several-current': ({ employments }) =>
    (employments as number[]).map((id) => ({
      label: `keep employment ${id} as the current one`,
      mend: keepCurrent(id),
    })),
  'attachments.object-missing': () => [remove],
  'attachments.object-differs': () => [remove],
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
