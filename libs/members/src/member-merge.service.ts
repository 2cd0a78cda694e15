import { Injectable } from '@nestjs/common';
import { In, type EntityMetadata } from 'typeorm';
import { PersonsService } from '#access';
import { auditDecision } from '#audit';
import { DomainError, invalid, type FieldError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, now, snake } from '#platform/database';
import { Records } from '#records';
import type { MergeMembers, MergeReport, MemberView } from './member.dto';
import { Member } from './member.entity';
import { members } from './member.resource';
import type { z } from 'zod';

type Held = z.infer<typeof MemberView>;

/** Rows of one table that belong to a member by one column, which may hold each member once. */
interface Belongings {
  metadata: EntityMetadata;
  property: string;
  isUnique: boolean;
  /** What else marks them as a member's. */
  also: Record<string, string>;
}

/**
 * Merges a member who was entered twice into the other one, in one transaction: everything that belongs to the first belongs
 * to the second, each change with an entry of its own. The first one is removed; its number finds the second.
 */
@Injectable()
export class MemberMergeService {
  constructor(
    private readonly records: Records,
    private readonly database: Database,
    private readonly persons: PersonsService,
  ) {}

  /** 409 with every conflict where both have what a person has once; 422 where `into` is no other member in use. */
  merge(context: RequestContext, id: number, { into, reason, dryRun }: MergeMembers): Promise<MergeReport> {
    if (id === into) throw invalid('/into', 'must be another member');
    context.sayWhy(reason);
    return this.database.transaction(context, async () => {
      const [from, target] = await this.holdBoth(context, id, into);
      for (const memberId of [id, into]) {
        const refused = { tableName: 'members', recordId: memberId };
        await this.persons.refuseOwn(context, { memberId }, 'Nobody merges their own record.', refused);
      }
      const moved: MergeReport['moved'] = [];
      const conflicts: FieldError[] = [];
      if (from.dateOfBirth && target.dateOfBirth && from.dateOfBirth !== target.dateOfBirth) {
        conflicts.push({ pointer: '/into', message: 'has another date of birth' });
      }
      for (const belongings of this.belongings()) {
        const ids = await this.idsOf(context, belongings, id);
        if (ids.length === 0) continue;
        const table = belongings.metadata.tableName;
        const others = belongings.isUnique ? await this.idsOf(context, belongings, into) : [];
        this.consider(context, belongings, [...ids, ...others]);
        if (others.length > 0) {
          conflicts.push({
            pointer: '/into',
            message: `has ${table} ${others.join()}, and the other has ${ids.join()}`,
          });
        }
        if (auditDecision(belongings.metadata.target as object)) moved.push({ table, ids });
        if (!dryRun && conflicts.length === 0) await this.move(context, belongings, ids, into);
      }
      if (conflicts.length > 0)
        throw new DomainError('members.conflict', 'Settle what both have first.', { errors: conflicts });
      if (!dryRun) await this.end(context, id, into);
      for (const { table: tableName, ids } of dryRun ? moved : [])
        context.disclose({ tableName, ids, list: true, notes: 'merge, dry run' });
      return { from: id, into, dryRun, moved };
    });
  }

  /** In the order of their ids, so that two merges at once do not wait for one another. */
  private async holdBoth(context: RequestContext, id: number, into: number): Promise<[Held, Held]> {
    const held = new Map<number, Record<string, unknown>>();
    for (const each of [id, into].sort((one, other) => one - other)) {
      try {
        held.set(each, await this.records.hold(context, members, each, { permission: 'members:merge' }));
      } catch (error) {
        if (each === id || !(error instanceof DomainError) || error.code !== 'record.not-found') throw error;
        throw new DomainError('reference.missing', 'There is no such member to merge into.', {
          errors: [{ pointer: '/into', message: 'names no record in use' }],
          refused: error.refused,
        });
      }
    }
    return [held.get(id) as Held, held.get(into) as Held];
  }

  /** Read off the entities: foreign keys to members, and owners that are named by type and id. */
  private belongings(): Belongings[] {
    const all = this.database.dataSource.entityMetadatas;
    const keyed = all.flatMap((metadata) =>
      metadata.foreignKeys
        .filter(({ referencedEntityMetadata }) => referencedEntityMetadata.target === Member)
        .map(({ columns: [column] }) => ({
          ...{ metadata, property: column?.propertyName ?? '', also: {} },
          isUnique: metadata.uniques.some(({ columns }) => columns.length === 1 && columns[0] === column),
        })),
    );
    const typed = all
      .filter((metadata) => ['recordType', 'recordId'].every((name) => metadata.findColumnWithPropertyName(name)))
      .map((metadata) => ({ metadata, property: 'recordId', isUnique: false, also: { recordType: members.noun } }));
    return [...keyed, ...typed];
  }

  private async idsOf(
    context: RequestContext,
    { metadata, property, also }: Belongings,
    id: number,
  ): Promise<number[]> {
    const conditions = [property, ...Object.keys(also)].map((name, index) => `${snake(name)} = $${index + 1}`);
    const rows = await this.database.query<{ id: number }>(
      context,
      `SELECT id FROM ${metadata.tableName} WHERE ${conditions.join(' AND ')} ORDER BY id FOR UPDATE`,
      [id, ...Object.values(also)],
    );
    return rows.map((row) => row.id);
  }

  private consider(context: RequestContext, { metadata }: Belongings, ids: number[]): void {
    if (auditDecision(metadata.target as object)) context.consider({ tableName: metadata.tableName, ids });
  }

  private async move(
    context: RequestContext,
    { metadata, property }: Belongings,
    ids: number[],
    into: number,
  ): Promise<void> {
    await this.database.manager(context).update(metadata.target, { id: In(ids) }, { [property]: into });
  }

  /** Whoever was ever linked to the one was linked to the other: nobody decides about themselves. */
  private async end(context: RequestContext, id: number, into: number): Promise<void> {
    await this.database.query(
      context,
      'INSERT INTO member_links (user_id, member_id) SELECT user_id, $2 FROM member_links WHERE member_id = $1 ON CONFLICT DO NOTHING',
      [id, into],
    );
    await this.database.manager(context).update(Member, { id }, { mergedInto: into, deletedAt: now });
  }
}
