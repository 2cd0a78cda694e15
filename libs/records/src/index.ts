export { BulkRecords } from './bulk-records';
export { RecordLists } from './record-lists';
export { Records } from './records';
export { RecordsModule } from './records.module';
export { listOf, listQuery, type Bind, type ListQuery, type Resource, type SortKey } from './resource';
