import { Module } from '@nestjs/common';
import { AttachmentsModule } from '#attachments';
import { AttachmentObjects } from './attachment-objects';
import { IntegrityController } from './integrity.controller';
import { IntegrityService } from './integrity.service';

@Module({
  imports: [AttachmentsModule],
  controllers: [IntegrityController],
  providers: [IntegrityService, AttachmentObjects],
  exports: [IntegrityService],
})
export class IntegrityModule {}
