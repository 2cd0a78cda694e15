/** The condition of a check constraint: the column holds one of the values. */
export function oneOf(column: string, values: readonly string[]): string {
  return `${column} IN ('${values.join(`', '`)}')`;
}
