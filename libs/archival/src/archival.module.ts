import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { ArchivedEntries } from '#audit';
import { Clock } from '#kernel';
import { PublishedLog } from '#ledger';
import { CONFIG, type Config } from '#platform/config';
import { RetentionModule } from '#retention';
import { ArchiveTask } from './archive.task';
import { ArchivedEntriesService } from './archived-entries.service';
import { ArchiverService } from './archiver.service';
import { ArchivesController } from './archives.controller';
import { InventoryService } from './inventory.service';
import { ObjectCache } from './object-cache';
import { PartsService } from './parts.service';
import { Releases } from './releases';
import { TiersService } from './tiers.service';

const bytesPerMb = 2 ** 20;

@Global()
@Module({
  imports: [RetentionModule],
  controllers: [ArchivesController],
  providers: [
    ArchiverService,
    ArchiveTask,
    Releases,
    TiersService,
    PartsService,
    InventoryService,
    ArchivedEntriesService,
    { provide: ArchivedEntries, useExisting: ArchivedEntriesService },
    {
      provide: ObjectCache,
      inject: [CONFIG, PublishedLog, Clock],
      useFactory: (config: Config, { store }: PublishedLog, clock: Clock) =>
        new ObjectCache(join(config.dataFolder, 'archive-cache'), store, config.ARCHIVE_CACHE_MB * bytesPerMb, clock),
    },
  ],
  exports: [ArchiverService, TiersService, InventoryService, ArchivedEntries],
})
export class ArchivalModule {}
