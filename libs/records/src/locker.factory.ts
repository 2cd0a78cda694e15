import { z } from 'zod';
import { Column, DeleteDateColumn, Entity, ForeignKey } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { text, type Resource } from './resource';

/** A resource that only specs know: lockers in a hall, from which tools are lent. */
@Entity('lockers')
@Audited({ read: 'members:read', restricted: { notes: 'members:notes' } })
export class Locker extends AuditedRow {
  @Column({ type: 'varchar', length: 50 })
  doorNumber: string;

  @ForeignKey('halls', { name: 'lockers_hall_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer', nullable: true })
  hallId: number | null;

  @Column({ type: 'numeric', precision: 10, scale: 2 })
  deposit: string;

  @Column({ type: 'boolean' })
  isTaken: boolean;

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}

@Entity('halls')
@Audited({ read: 'organizations:read' })
export class Hall extends AuditedRow {
  @Column({ type: 'varchar', length: 50 })
  name: string;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}

/** Removed for good. */
@Entity('tool_loans')
@Audited({ read: 'salting:read' })
export class ToolLoan extends AuditedRow {
  @ForeignKey('lockers', { name: 'tool_loans_locker_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  lockerId: number;
}

/** Goes with its locker. */
@Entity('locker_keys')
@Audited({ read: 'members:read' })
export class LockerKey extends AuditedRow {
  @ForeignKey('lockers', { name: 'locker_keys_locker_id_fkey', onDelete: 'CASCADE' })
  @Column({ type: 'integer' })
  lockerId: number;
}

/** A new resource each time, because projections are cached by resource. */
export function aLocker(facts: Partial<Resource> = {}): Resource {
  return {
    entity: Locker,
    noun: 'locker',
    view: z.object({
      id: z.int(),
      doorNumber: z.string(),
      deposit: z.string(),
      notes: z.string().optional(),
      createdAt: z.string(),
    }),
    writePermission: 'members:write',
    scopes: {
      self: ({ memberId }, bind) => `t.member_id = ${bind(memberId ?? 0)}`,
      students: () => 't.is_taken',
    },
    visible: { students: ['id', 'doorNumber'] },
    writable: { self: ['doorNumber'] },
    sorts: {
      id: { sql: 't.id', type: 'integer' },
      doorNumber: { sql: 't.door_number COLLATE "C"', type: text },
      deposit: { sql: 't.deposit', type: 'numeric' },
      floor: { sql: 't.floor', type: 'integer' },
    },
    search: ['t.name', 't.number'],
    contains: 't.everything',
    filters: {
      hallId: (id: number, bind) => `t.hall_id = ${bind(id)}`,
      isTaken: (isTaken: boolean) => (isTaken ? 't.is_taken' : 'NOT t.is_taken'),
    },
    ...facts,
  };
}

export function aLoan(facts: Partial<Resource> = {}): Resource {
  return {
    entity: ToolLoan,
    noun: 'loan',
    view: z.object({ id: z.int(), lockerId: z.int() }),
    writePermission: 'salting:write',
    sorts: { id: { sql: 't.id', type: 'integer' } },
    ...facts,
  };
}

export const lockerEntities = [Locker, Hall, ToolLoan, LockerKey];
