import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { PublishedLog } from '#ledger';
import { CONFIG, type Config } from '#platform/config';
import { ArchiveTask } from './archive.task';
import { ArchiverService } from './archiver.service';
import { ArchivesController } from './archives.controller';
import { ObjectCache } from './object-cache';
import { Releases } from './releases';

const bytesPerMb = 2 ** 20;

@Module({
  controllers: [ArchivesController],
  providers: [
    ArchiverService,
    ArchiveTask,
    Releases,
    {
      provide: ObjectCache,
      inject: [CONFIG, PublishedLog],
      useFactory: (config: Config, { store }: PublishedLog) =>
        new ObjectCache(join(config.dataFolder, 'archive-cache'), store, config.ARCHIVE_CACHE_MB * bytesPerMb),
    },
  ],
  exports: [ArchiverService],
})
export class ArchivalModule {}
