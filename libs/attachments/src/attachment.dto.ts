import { z } from 'zod';
import { fields } from '#platform/http';
import { listOf, listQuery } from '#records';
import { CATEGORIES, owners, RECORD_TYPES, type RecordType } from './owners';

const sample = {
  fileName: 'apprenticeship-agreement.pdf',
  description: 'Signed copy, received by mail.',
  sha256: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
};

const recordType = z.enum(RECORD_TYPES).describe('The kind of the record that the file belongs to.');
const recordId = fields.idText.describe('The id of that record.').meta({ examples: [17] });
const fileCategory = z
  .enum(CATEGORIES as [string, ...string[]])
  .describe('What the file is about; each kind of record has categories of its own.');
const like = { examples: [sample.description] };
const description = fields.text(500);

/** The fields of an upload's form, which stand before its file. */
export const CreateAttachment = z
  .strictObject({
    recordType,
    recordId,
    fileCategory: fileCategory.default('general'),
    description: description.optional().meta(like),
  })
  .superRefine(({ recordType: type, fileCategory: category }, context) => {
    if (isCategoryOf(type, category)) return;
    context.addIssue({ code: 'custom', path: ['fileCategory'], message: categoriesMessage(type) });
  });
export type CreateAttachment = z.infer<typeof CreateAttachment>;

/** A merge patch (RFC 7396): what is absent stays, null empties. The file itself never changes. */
export const UpdateAttachment = z
  .strictObject({ fileCategory, description: description.nullable().meta(like) })
  .partial()
  .meta({ id: 'UpdateAttachment' });
export type UpdateAttachment = z.infer<typeof UpdateAttachment>;

export const AttachmentView = z
  .object({
    id: z.int().meta({ examples: [17] }),
    recordType,
    recordId: z
      .int()
      .describe('The id of that record.')
      .meta({ examples: [17] }),
    fileCategory,
    fileName: z
      .string()
      .describe('A name that is safe to save under.')
      .meta({ examples: [sample.fileName] }),
    originalName: z
      .string()
      .describe('The name as it was sent; not to be used as the name of a file.')
      .meta({ examples: [sample.fileName] }),
    mediaType: z
      .string()
      .describe('What the bytes are.')
      .meta({ examples: ['application/pdf'] }),
    fileSize: z
      .int()
      .describe('In bytes.')
      .meta({ examples: [48_213] }),
    sha256: z
      .string()
      .describe('Of the content, hexadecimal.')
      .meta({ examples: [sample.sha256] }),
    description: z
      .string()
      .nullable()
      .meta({ examples: [sample.description] }),
    createdAt: fields.instantView,
    updatedAt: fields.instantView,
    deletedAt: fields.instantView.nullable().describe('When the attachment was removed; null while it is in use.'),
  })
  .meta({ id: 'AttachmentView' });

export const AttachmentPage = listOf(AttachmentView, 'AttachmentPage');

export const ATTACHMENT_SORTS = ['id', 'fileName', 'createdAt'] as const;

export const AttachmentQuery = listQuery(ATTACHMENT_SORTS, {
  recordType,
  recordId,
  fileCategory: fileCategory.optional(),
});
export type AttachmentQuery = z.infer<typeof AttachmentQuery>;

export function isCategoryOf(type: RecordType, category: string): boolean {
  return owners[type].categories.includes(category);
}

export function categoriesMessage(type: RecordType): string {
  return `must be one of ${owners[type].categories.join(', ')}`;
}
