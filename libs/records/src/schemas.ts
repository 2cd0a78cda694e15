import { z } from 'zod';
import { fields } from '#platform/http';

interface ViewParts {
  /** Properties that some may not see: left out for those. Or all of them, save those named. */
  restricted?: readonly string[] | { except: readonly string[] };
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
  const isRestricted = (name: string) =>
    'except' in restricted ? !restricted.except.includes(name) : restricted.includes(name);
  const leftOut = (shape: z.ZodRawShape) =>
    Object.fromEntries(
      Object.entries(shape).map(([name, schema]) => [
        name,
        isRestricted(name) ? absentForSome(schema as z.ZodType) : schema,
      ]),
    ) as z.ZodRawShape;
  const shown = Object.entries(sent).map(([name, schema]) => {
    return [name, shownAs(schema as z.ZodType)];
  });
  const soft = {
    deletedAt: fields.instantView.nullable().describe('When the record was removed; null while it is in use.'),
  };
  return z
    .object({
      id: z.int().meta({ examples: [17] }),
      ...leftOut(made),
      ...leftOut(Object.fromEntries(shown) as z.ZodRawShape),
      ...leftOut({ createdAt: fields.instantView, updatedAt: fields.instantView, ...(isSoft ? soft : {}) }),
    })
    .meta({ id });
}

function absentForSome(schema: z.ZodType): z.ZodType {
  const { description } = schema.meta() ?? {};
  const absent = 'Absent for those who may not read it.';
  return schema.optional().describe(description ? `${description} ${absent}` : absent);
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
