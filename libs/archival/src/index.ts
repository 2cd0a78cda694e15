export { archiveMetrics } from './archive.metrics';
export { ArchivalModule } from './archival.module';
export { Archive } from './archive.entity';
export { ArchiverService, type ArchiveReport } from './archiver.service';
export { TiersService } from './tiers.service';
export { InventoryService, type ArchivedItem, type TierTotal } from './inventory.service';
