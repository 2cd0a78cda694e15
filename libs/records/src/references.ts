import type { EntityMetadata } from 'typeorm';
import { snake } from '#platform/database';

/** A foreign key of an entity to a table whose rows are deleted softly, which the database does not check by itself. */
export interface Reference {
  property: string;
  table: string;
}

/** A table whose rows hang on those of another: its foreign key says RESTRICT. */
export interface Dependent {
  table: string;
  column: string;
  isSoft: boolean;
  entity: object;
}

/** A soft delete is a delete: foreign keys hold for it as they hold for DELETE. What follows reads them off the entities. */
export function referencesOf(metadata: EntityMetadata): Reference[] {
  return metadata.foreignKeys.flatMap(({ columns, referencedEntityMetadata }) => {
    const [column] = columns;
    if (!column || !referencedEntityMetadata.deleteDateColumn) return [];
    return [{ property: column.propertyName, table: referencedEntityMetadata.tableName }];
  });
}

export function dependentsOf(metadata: EntityMetadata): Dependent[] {
  return metadata.dataSource.entityMetadatas.flatMap((other) =>
    other.foreignKeys
      .filter(
        ({ referencedEntityMetadata, onDelete }) => referencedEntityMetadata === metadata && onDelete === 'RESTRICT',
      )
      .map(({ columns }) => ({
        table: other.tableName,
        column: snake(columns[0]?.databaseName ?? ''),
        isSoft: other.deleteDateColumn !== undefined,
        entity: other.target as object,
      })),
  );
}
