export { FileAttachment } from './attachment.entity';
export { AttachmentsModule } from './attachments.module';
