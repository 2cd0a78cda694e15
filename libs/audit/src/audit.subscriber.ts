import { Injectable } from '@nestjs/common';
import {
  EventSubscriber,
  type EntityMetadata,
  type EntitySubscriberInterface,
  type InsertEvent,
  type QueryRunner,
  type RecoverEvent,
  type RemoveEvent,
  type SoftRemoveEvent,
  type TransactionCommitEvent,
  type TransactionStartEvent,
  type UpdateEvent,
} from 'typeorm';
import { RequestContext } from '#platform/context';
import { ContextQueryRunner, Database } from '#platform/database';
import { auditDecision } from './audited';

interface Write {
  metadata: EntityMetadata;
  queryRunner: QueryRunner;
}

/**
 * Tells the transaction of each write by TypeORM who acts and why. The context comes from
 * `queryRunner.data`; the capture triggers read it. A write on an audited entity is refused if it
 * has no context or no transaction. `manager.save(x, { data: { context } })` brings both.
 */
@Injectable()
@EventSubscriber()
export class AuditSubscriber implements EntitySubscriberInterface {
  constructor(database: Database) {
    database.dataSource.subscribers.push(this);
  }

  beforeInsert(event: InsertEvent<object>): Promise<void> {
    return attribute(event);
  }

  beforeUpdate(event: UpdateEvent<object>): Promise<void> {
    return attribute(event);
  }

  beforeRemove(event: RemoveEvent<object>): Promise<void> {
    return attribute(event);
  }

  beforeSoftRemove(event: SoftRemoveEvent<object>): Promise<void> {
    return attribute(event);
  }

  beforeRecover(event: RecoverEvent<object>): Promise<void> {
    return attribute(event);
  }

  /** For raw statements of the transaction, and for writes that call no listeners. */
  async afterTransactionStart({ queryRunner }: TransactionStartEvent): Promise<void> {
    const context = contextOf(queryRunner);
    if (context && !(queryRunner instanceof ContextQueryRunner)) await say(queryRunner, context);
  }

  /** The request is not attempted again, and reads what it has written. */
  afterTransactionCommit({ queryRunner }: TransactionCommitEvent): void {
    const context = contextOf(queryRunner);
    if (context && !queryRunner.isTransactionActive) context.hasCommitted = true;
  }
}

async function attribute({ metadata, queryRunner }: Write): Promise<void> {
  if (!auditDecision(metadata.target as object)) return;
  // It tells the triggers itself.
  if (queryRunner instanceof ContextQueryRunner) return;
  const context = contextOf(queryRunner);
  if (!context) throw refusal(metadata, 'carries no context');
  if (!queryRunner.isTransactionActive) throw refusal(metadata, 'runs outside of a transaction');
  await say(queryRunner, context);
}

function contextOf({ data }: QueryRunner): RequestContext | undefined {
  const context = data['context'] as unknown;
  return context instanceof RequestContext ? context : undefined;
}

async function say(queryRunner: QueryRunner, context: RequestContext): Promise<void> {
  await queryRunner.query(`SELECT set_config('ip2a.context', $1, true)`, [context.attribution()]);
}

function refusal({ name }: EntityMetadata, why: string): Error {
  return new Error(`${name} is on record, and this write ${why}: see "Writing by TypeORM" in CONTRIBUTING.md.`);
}
