import type { Resource, SortKey } from '#records';
import { ATTACHMENT_SORTS, AttachmentView } from './attachment.dto';
import { FileAttachment } from './attachment.entity';
import { ownedByReadable } from './owners';

/** How attachments are seen: with the record they belong to. Whether they may be changed is asked of that record, too. */
export const attachments: Resource = {
  entity: FileAttachment,
  noun: 'attachment',
  view: AttachmentView,
  writePermission: 'attachments:write',
  scopes: { owner: ownedByReadable },
  writable: { owner: ['fileCategory', 'description'] },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    fileName: { sql: 't.file_name COLLATE "C"', type: 'text COLLATE "C"' },
    createdAt: { sql: 't.created_at', type: 'timestamptz' },
  } satisfies Record<(typeof ATTACHMENT_SORTS)[number], SortKey>,
  filters: {
    recordType: (type: string, bind) => `t.record_type = ${bind(type)}`,
    recordId: (id: number, bind) => `t.record_id = ${bind(id)}`,
    fileCategory: (category: string, bind) => `t.file_category = ${bind(category)}`,
  },
};
