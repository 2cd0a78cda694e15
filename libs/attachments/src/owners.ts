import { getMetadataArgsStorage } from 'typeorm';
import { holds, scopeOf, type Permission, type Scope } from '#access';
import { auditedDecision } from '#audit';
import { applications } from '#benevolence';
import { grievances } from '#grievances';
import { members } from '#members';
import { organizations } from '#organizations';
import { students } from '#students';
import type { Actor } from '#platform/context';
import type { Bind, Resource } from '#records';

interface Owner {
  resource: Resource;
  /** What its files may be filed under; `general` where nothing is said. */
  categories: readonly string[];
}

const everyCategory = ['general'];

/** Categories that take a further permission, of whatever kind of record: what hides notes on something hides its files. */
const restrictedCategories: Readonly<Record<string, Permission>> = { salting: 'salting:read' };

/** Whether the actor may see files of the category, where they may see the record. */
export function coversCategory(actor: Actor, category: string): boolean {
  const further = restrictedCategories[category];
  return further === undefined || holds(actor, further);
}

/** The records that may have files. Another kind is a line here. */
export const owners = {
  member: {
    resource: members,
    categories: [
      ...['grievances', 'benevolence', 'salting', 'dues', 'employment', 'certifications', 'discipline'],
      ...['correspondence', ...everyCategory],
    ],
  },
  student: {
    resource: students,
    categories: ['certifications', 'applications', 'progress', 'attendance', 'correspondence', ...everyCategory],
  },
  organization: {
    resource: organizations,
    categories: ['contracts', 'correspondence', 'salting', 'grievances', ...everyCategory],
  },
  grievance: {
    resource: grievances,
    categories: ['statements', 'evidence', 'correspondence', 'settlement', ...everyCategory],
  },
  benevolence_application: {
    resource: applications,
    categories: ['applications', 'supporting_docs', 'correspondence', ...everyCategory],
  },
} satisfies Record<string, Owner>;

export type RecordType = keyof typeof owners;
export const RECORD_TYPES = Object.keys(owners) as [RecordType, ...RecordType[]];

/** The categories of every kind of owner together, each once. */
export const CATEGORIES = [...new Set(Object.values(owners).flatMap(({ categories }) => categories))];

/** Who sees some fields of a record only, as an instructor sees a student's name, sees none of its files. */
export function coversFiles(scope: Scope | undefined): boolean {
  return scope === 'all' || scope === 'self';
}

/**
 * The condition that a row `t` with `record_type` and `record_id` belongs to a record that the actor may read: in its scope,
 * and not removed, unless removed records are theirs to see; and that its category is. Each kind of owner is one look-up by its key.
 */
export function ownedByReadable(actor: Actor, bind: Bind): string {
  const conditions = (Object.entries(owners) as [string, Owner][]).flatMap(([type, { resource }]) => {
    const scope = scopeOf(actor, auditedDecision(resource.entity).read);
    if (!scope || !coversFiles(scope)) return [];
    const inScope = scope === 'all' ? 'true' : (resource.scopes?.[scope]?.(actor, bind) ?? 'false');
    const isLive = scopeOf(actor, 'deleted:read') || !isSoft(resource) ? 'true' : 't.deleted_at IS NULL';
    // The row of the outer t is named o, because in the SQL of resources t is the row of the resource.
    const owner = `SELECT FROM (SELECT t.record_id) o JOIN ${tableOf(resource)} t ON t.id = o.record_id`;
    return [`(t.record_type = ${bind(type)} AND EXISTS (${owner} WHERE ${inScope} AND ${isLive}))`];
  });
  const hidden = Object.keys(restrictedCategories).filter((category) => !coversCategory(actor, category));
  const isShown = hidden.map((category) => ` AND t.file_category <> ${bind(category)}`).join('');
  return conditions.length ? `(${conditions.join(' OR ')})${isShown}` : 'false';
}

export function tableOf({ entity }: Resource): string {
  const table = getMetadataArgsStorage().tables.find(({ target }) => target === entity);
  if (!table?.name) throw new Error(`${entity.name} names no table.`);
  return table.name;
}

function isSoft({ entity }: Resource): boolean {
  return getMetadataArgsStorage().columns.some(({ target, mode }) => target === entity && mode === 'deleteDate');
}
