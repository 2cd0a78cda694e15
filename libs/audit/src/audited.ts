import { Column, CreateDateColumn, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { Permission } from '#access';

/** How an audited entity's values are protected, in its views and in the ledger alike. */
export interface AuditDecision {
  /** Who may see the values of its rows. */
  read: Permission;
  /** Properties that take a further permission to see. */
  restricted?: Record<string, Permission>;
  /** Properties whose values never reach the ledger: password hashes, token hashes. */
  secrets?: string[];
}

const decisions = new Map<object, AuditDecision>();

/** Puts an entity's table on the record; its migration calls `audit_watch` with the same secrets (a spec compares them). */
export function Audited(decision: AuditDecision): ClassDecorator {
  return (entity) => void decisions.set(entity, decision);
}

/** How an entity is audited; undefined where it is not, which fails a spec. */
export function auditDecision(entity: object): AuditDecision | undefined {
  return decisions.get(entity);
}

/** The decision on an entity that must be audited to be served as a resource. */
export function auditedDecision(entity: object): AuditDecision {
  const decision = decisions.get(entity);
  if (!decision) throw new Error('Only entities with @Audited are served as resources.');
  return decision;
}

/** The columns every audited table has. `updatedAt` and `auditRef` are set by the capture triggers alone. */
export abstract class AuditedRow {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'BY DEFAULT' })
  id: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt: Date;

  /** The id of the entry that last changed this row; also its version. */
  @Column({ type: 'bigint', insert: false, update: false })
  auditRef: string;
}
