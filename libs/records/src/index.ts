export { BulkRecords, type Holder } from './bulk-records';
export { Purge } from './purge';
export { recordController, type Verbs } from './record.controller';
export { visibleFields } from './projection';
export { RecordLists } from './record-lists';
export { Records } from './records';
export { RecordsModule } from './records.module';
export { listOf, listQuery, own, text, type Bind, type ListQuery, type Resource, type SortKey } from './resource';
export { viewOf } from './schemas';
