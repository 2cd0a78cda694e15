import { z } from 'zod';
import { fields } from '#platform/http';

interface ViewParts {
  /** Properties that some may not see: left out for those. */
  restricted?: readonly string[];
  /** Whether the record is removed softly. */
  isSoft: boolean;
  /** Properties that the server makes, shown after the id. */
  made?: z.ZodRawShape;
}

/**
 * The view of a record from the fields that a client sends: what may be left out there is null here, what has a default is always
 * there; and around them the columns that every record has.
 */
export function viewOf(
  id: string,
  sent: z.ZodRawShape,
  { restricted = [], isSoft, made = {} }: ViewParts,
): z.ZodObject {
  const shown = Object.entries(sent).map(([name, schema]) => {
    const view = shownAs(schema as z.ZodType);
    return [name, restricted.includes(name) ? view.optional().describe('Absent for those who may not read it.') : view];
  });
  const soft = {
    deletedAt: fields.instantView.nullable().describe('When the record was removed; null while it is in use.'),
  };
  return z
    .object({
      id: z.int().meta({ examples: [17] }),
      ...made,
      ...(Object.fromEntries(shown) as z.ZodRawShape),
      createdAt: fields.instantView,
      updatedAt: fields.instantView,
      ...(isSoft ? soft : {}),
    })
    .meta({ id });
}

function shownAs(schema: z.ZodType): z.ZodType {
  const meta = schema.meta() ?? {};
  if (!(schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)) return schema;
  const { default: _default, ...kept } = meta as { default?: unknown };
  return (schema.unwrap() as z.ZodType).meta(kept);
}

/** The query parameters of an export: the list's filters, and no paging, for it holds every record that matches. */
export function exportQuery(filters: z.ZodRawShape) {
  return z.strictObject({
    format: z.literal('csv').default('csv').describe('The form of the export.'),
    ...filters,
  });
}
