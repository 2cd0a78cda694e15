import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { CreateRetentionPolicy, UpdateRetentionPolicy } from './retention-policy.dto';
import { retentionPolicies } from './retention-policy.resource';
import { everyTable } from './retention-term';
import { mustBeOnRecord } from './tables-on-record';

/** A policy names a table that is on record, or all. */
@Injectable()
export class RetentionPoliciesService implements Verbs<CreateRetentionPolicy, UpdateRetentionPolicy> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  async create(context: RequestContext, policy: CreateRetentionPolicy): Promise<Rendered> {
    this.mustNameTable(policy);
    return this.records.create(context, retentionPolicies, policy);
  }

  async update(
    context: RequestContext,
    id: number,
    patch: UpdateRetentionPolicy,
    ifMatch?: string[],
  ): Promise<Rendered> {
    this.mustNameTable(patch);
    return this.records.update(context, retentionPolicies, id, patch, ifMatch);
  }

  private mustNameTable({ tableName }: UpdateRetentionPolicy): void {
    if (tableName !== undefined && tableName !== everyTable) mustBeOnRecord(this.database, tableName);
  }
}
