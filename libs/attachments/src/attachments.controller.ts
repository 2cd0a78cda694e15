import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Body } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields, FileFormBody, IfMatch, type FileForm } from '#platform/http';
import { AttachmentPage, AttachmentQuery, AttachmentView, CreateAttachment, UpdateAttachment } from './attachment.dto';
import { AttachmentsService } from './attachments.service';
import { EXTENSIONS, MEDIA_TYPES } from './file-kind';
import { CATEGORIES, RECORD_TYPES } from './owners';

type Id = z.infer<typeof fields.idParam>;

const maxFileBytes = 50 * 1024 * 1024;

@ApiTags('attachments')
@Controller('attachments')
export class AttachmentsController {
  constructor(private readonly attachments: AttachmentsService) {}

  @Get()
  @Allow('attachments:list', {
    summary: 'List the files of a record',
    reply: AttachmentPage,
    errors: ['record.not-found'],
  })
  list(@Context() context: RequestContext, @Query({ schema: AttachmentQuery }) query: AttachmentQuery) {
    return this.attachments.list(context, query);
  }

  @Post()
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    description: `The fields, then the file: up to 50 MiB of ${EXTENSIONS.join(', ')}.`,
    schema: {
      type: 'object',
      required: ['recordType', 'recordId', 'file'],
      properties: {
        recordType: { type: 'string', enum: RECORD_TYPES, description: 'The kind of the record it belongs to.' },
        recordId: { type: 'integer', minimum: 1, description: 'The id of that record.' },
        fileCategory: { type: 'string', enum: CATEGORIES, default: 'general', description: 'What the file is about.' },
        description: { type: 'string', maxLength: 500, example: 'Signed copy, received by mail.' },
        file: { type: 'string', format: 'binary', description: 'The file, with its name. The last part of the form.' },
      },
    },
  })
  @Allow('attachments:create', {
    summary: 'Attach a file to a record',
    reply: AttachmentView,
    status: 201,
    errors: [
      'record.not-found',
      'reference.missing',
      'access.field-denied',
      'workflow.not-allowed',
      'attachments.type-refused',
      'upload.infected',
      'request.media-type-unsupported',
      'request.too-large',
      'request.timed-out',
      'idempotency.key-reused',
    ],
  })
  create(
    @Context() context: RequestContext,
    @FileFormBody(CreateAttachment, maxFileBytes) form: FileForm<CreateAttachment>,
  ) {
    return this.attachments.create(context, form);
  }

  @Get(':id/content')
  @ApiProduces(...MEDIA_TYPES)
  @Allow('attachments:content', {
    summary: 'Download the file of an attachment',
    reply: z.string(),
    errors: ['record.not-found', 'attachments.content-missing'],
  })
  content(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.attachments.content(context, id);
  }

  @Get(':id')
  @Allow('attachments:read', {
    summary: 'Read what is known of an attachment',
    reply: AttachmentView,
    errors: ['record.not-found'],
  })
  get(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.attachments.get(context, id);
  }

  @Patch(':id')
  @Allow('attachments:update', {
    summary: 'Change the category or description of an attachment',
    description: 'A JSON merge patch (RFC 7396). The file itself never changes.',
    reply: AttachmentView,
    errors: ['record.not-found', 'record.stale-version', 'access.field-denied'],
  })
  update(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: UpdateAttachment }) patch: UpdateAttachment,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.attachments.update(context, id, patch, ifMatch);
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('attachments:delete', {
    summary: 'Remove an attachment, restorably',
    errors: ['record.not-found', 'record.stale-version'],
  })
  remove(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.attachments.remove(context, id, ifMatch);
  }

  @Post(':id/restore')
  @HttpCode(200)
  @Allow('attachments:restore', {
    summary: 'Restore a removed attachment',
    reply: AttachmentView,
    errors: ['record.not-found', 'record.not-deleted', 'workflow.not-allowed'],
  })
  restore(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.attachments.restore(context, id);
  }
}
