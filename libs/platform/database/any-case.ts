import { Index, type EntityMetadata } from 'typeorm';

/** A property that is unique in any case, and the index over its normal form. */
interface KeyInAnyCase {
  index: string;
  property: string;
}

const declared = new WeakMap<object, KeyInAnyCase>();

/** The normal form of a text that is the same in any case, such as a member's number, in SQL and whatever the locale. */
export function inAnyCase(sql: string): string {
  return `lower(${sql} COLLATE "C")`;
}

/** Declares that a property is unique in any case. A migration makes the index, for TypeORM knows no expressions. */
export function UniqueInAnyCase(index: string, property: string): ClassDecorator {
  return (entity) => {
    declared.set(entity, { index, property });
    Index(index, { synchronize: false })(entity);
  };
}

/** What two values of a property are compared by: their normal form where they are unique in any case. */
export function normalForm(metadata: EntityMetadata, property: string, sql: string): string {
  return keyInAnyCase(metadata)?.property === property ? inAnyCase(sql) : sql;
}

/** The column of an entity that is unique in any case. */
export function keyInAnyCase(
  metadata: EntityMetadata,
): { index: string; column: string; property: string } | undefined {
  const key = declared.get(metadata.target as object);
  const column = key && metadata.findColumnWithPropertyName(key.property)?.databaseName;
  return key && column ? { ...key, column } : undefined;
}
