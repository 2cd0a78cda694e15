import type { EntityMetadata } from 'typeorm';
import { inAnyCase, keyInAnyCase } from '#platform/database';

/** A constraint that an entity declares, how it is made, and the condition that a row `t` is in its way. */
export interface Constraint {
  table: string;
  name: string;
  make: string;
  inTheWay: string;
}

/** One that the database does not have, with how many rows are in its way, and the first of them. */
export interface LiftedConstraint {
  table: string;
  name: string;
  count: number;
  ids: number[];
}

/** Of all tables of the schema, `table name` of each constraint and unique index, and `table column NOT NULL`. */
export const existingConstraints = `
  SELECT c.relname || ' ' || o.conname AS key FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace
  UNION ALL SELECT c.relname || ' ' || x.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace AND i.indisunique
  UNION ALL SELECT c.relname || ' ' || a.attname || ' NOT NULL' FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND a.attnotnull`;

/** The checks, foreign keys and unique keys that an entity declares, and its columns that must be filled. */
export function constraintsOf(metadata: EntityMetadata): Constraint[] {
  const table = metadata.tableName;
  const add = (name: string, definition: string) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`;
  const named = (columns: readonly { databaseName: string }[]) =>
    columns.map(({ databaseName }) => databaseName).join(', ');
  const repeated = (names: string, where: string) =>
    `${where} AND (${names}) IN (SELECT ${names} FROM ${table} WHERE ${where} GROUP BY ${names} HAVING count(*) > 1)`;
  return [
    ...metadata.checks.map(({ name, expression }) => ({
      ...{ table, name, make: add(name, `CHECK (${expression})`), inTheWay: `NOT (${expression})` },
    })),
    ...metadata.foreignKeys.map(({ name, columns, referencedEntityMetadata, referencedColumns, onDelete }) => {
      const [column, owner, key] = [named(columns), referencedEntityMetadata.tableName, named(referencedColumns)];
      const definition = `FOREIGN KEY (${column}) REFERENCES ${owner} (${key}) ON DELETE ${onDelete ?? 'NO ACTION'}`;
      const isOrphan = `NOT EXISTS (SELECT FROM ${owner} o WHERE o.${key} = t.${column})`;
      return { table, name, make: add(name, definition), inTheWay: `t.${column} IS NOT NULL AND ${isOrphan}` };
    }),
    ...metadata.uniques.map(({ name, columns }) => ({
      ...{ table, name, make: add(name, `UNIQUE (${named(columns)})`), inTheWay: repeated(named(columns), 'true') },
    })),
    ...metadata.indices
      .filter(({ isUnique, synchronize }) => isUnique && synchronize)
      .map(({ name, columns, where = 'true' }) => ({
        ...{ table, name, make: `CREATE UNIQUE INDEX ${name} ON ${table} (${named(columns)}) WHERE ${where}` },
        inTheWay: repeated(named(columns), where),
      })),
    ...[keyInAnyCase(metadata)].flatMap((key) => {
      if (!key) return [];
      const normal = inAnyCase(key.column);
      const make = `CREATE UNIQUE INDEX ${key.index} ON ${table} (${normal})`;
      return [{ table, name: key.index, make, inTheWay: repeated(normal, 'true') }];
    }),
    ...metadata.columns
      .filter(({ isNullable }) => !isNullable)
      .map(({ databaseName: column }) => ({
        ...{ table, name: `${column} NOT NULL`, make: `ALTER TABLE ${table} ALTER COLUMN ${column} SET NOT NULL` },
        inTheWay: `t.${column} IS NULL`,
      })),
  ];
}
