import { Global, Module } from '@nestjs/common';
import { BulkRecords } from './bulk-records';
import { Idempotency } from './idempotency';
import { RecordLists } from './record-lists';
import { Records } from './records';

@Global()
@Module({ providers: [Records, RecordLists, BulkRecords, Idempotency], exports: [Records, RecordLists, BulkRecords] })
export class RecordsModule {}
