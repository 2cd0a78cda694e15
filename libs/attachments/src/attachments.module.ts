import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '#platform/config';
import { ObjectStore, openObjectStore } from '#platform/object-store';
import { AttachmentsController } from './attachments.controller';
import { AttachmentsService } from './attachments.service';

@Module({
  controllers: [AttachmentsController],
  providers: [
    AttachmentsService,
    {
      provide: ObjectStore,
      inject: [CONFIG],
      useFactory: (config: Config) => openObjectStore('ATTACHMENTS_URL', config.ATTACHMENTS_URL, config),
    },
  ],
  exports: [ObjectStore],
})
export class AttachmentsModule {}
