import { Global, Module } from '@nestjs/common';
import { BulkRecords } from './bulk-records';
import { Idempotency } from './idempotency';
import { IdempotencyTask } from './idempotency.task';
import { NoRules } from './record.controller';
import { Purge } from './purge';
import { RecordExports } from './record-exports';
import { RecordLists } from './record-lists';
import { Records } from './records';
import { RowLookUps } from './row-look-ups';

const doors = [Records, RecordLists, RecordExports, BulkRecords, Purge, NoRules];

@Global()
@Module({ providers: [...doors, Idempotency, IdempotencyTask, RowLookUps], exports: doors })
export class RecordsModule {}
