import type { Issue } from '#integrity';

/** An issue on a terminal. */
export function lineOf({ severity, kind, table, id, details }: Issue): string {
  return `${severity}  ${kind}  ${table} ${id ?? '–'}  ${JSON.stringify(details)}`;
}
