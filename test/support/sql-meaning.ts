import { runInThisContext } from 'node:vm';

export type Row = Record<string, string | number>;

/**
 * Whether a row meets a condition of the records library: columns of `t` compared with bound values,
 * pairs too, under AND, OR and NOT. It lets a spec in memory ask what a condition means, however it is
 * spelt. Texts compare by UTF-16 units: the order of bytes for the characters that specs use.
 */
export function meets(condition: string, row: Row, values: readonly unknown[]): boolean {
  const script = condition
    .replaceAll(' COLLATE "C"', '')
    .replace(/(\$\d+)::(integer|numeric)/g, 'Number($1)')
    .replace(/(\$\d+)::text/g, '$1')
    .replace(/(?<![<>])=/g, '===')
    .replace(/\((t\.\w+), (t\.\w+)\) > \((\$\d+), ([^,]+\))\)/g, '($1 > $3 || ($1 === $3 && $2 > $4))')
    .replace(/\bAND\b/g, '&&')
    .replace(/\bOR\b/g, '||')
    .replace(/\bNOT\b/g, '!')
    .replace(/\$(\d+)/g, 'values[$1 - 1]');
  return (runInThisContext(`(t, values) => ${script}`) as (t: Row, values: readonly unknown[]) => boolean)(row, values);
}

/** Rows in the order of an ORDER BY over columns of `t`. */
export function inOrder(rows: readonly Row[], orderBy: string): Row[] {
  const keys = orderBy.split(', ').map((term) => /^t\.(\w+)(?: COLLATE "C")?( DESC)?/.exec(term) ?? []);
  return [...rows].sort((a, b) => {
    for (const [, column = '', descending] of keys) {
      const [x, y] = [a[column] ?? '', b[column] ?? ''];
      if (x !== y) return x < y === (descending === undefined) ? -1 : 1;
    }
    return 0;
  });
}
