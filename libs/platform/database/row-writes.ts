import {
  DeleteQueryBuilder,
  InsertQueryBuilder,
  UpdateQueryBuilder,
  type EntityTarget,
  type ObjectLiteral,
  type QueryBuilder,
} from 'typeorm';
import type { ContextQueryRunner } from './context-query-runner';
import { exactInstant } from './sql-values';

/** The values of a statement; `bind` adds one and returns its placeholder. */
interface Bound {
  readonly values: unknown[];
  readonly bind: (value: unknown) => string;
}

/**
 * Writes to one table by TypeORM's query builders, with conditions and RETURNING in SQL where `t` is
 * the row. That SQL and the builder bind their values to the same statement. TypeORM does not look
 * for names of properties and parameters in it: a view has kilobytes.
 */
export class RowWrites<Row> {
  constructor(
    private readonly runner: ContextQueryRunner,
    private readonly entity: EntityTarget<ObjectLiteral>,
    private readonly bound: Bound,
  ) {}

  async insert(values: ObjectLiteral, returning: string): Promise<Row[]> {
    const builder = new RowInsert(this.runner.dataSource, this.runner).over(this.bound);
    const insert = builder.insert().into(this.entity, Object.keys(values)).values(this.exact(values));
    return (await insert.updateEntity(false).returning(returning).execute()).raw as Row[];
  }

  async update(values: ObjectLiteral, where: string, returning: string): Promise<Row[]> {
    const builder = new RowUpdate(this.runner.dataSource, this.runner).over(this.bound);
    const update = builder.update(this.entity).set(this.exact(values)).where(where);
    return (await update.updateEntity(false).returning(returning).execute()).raw as Row[];
  }

  async delete(where: string, returning: string): Promise<Row[]> {
    const builder = new RowDelete(this.runner.dataSource, this.runner).over(this.bound);
    return (await builder.delete().from(this.entity).where(where).returning(returning).execute()).raw as Row[];
  }

  /** Instants keep their microseconds. */
  private exact(values: ObjectLiteral): ObjectLiteral {
    const metadata = this.runner.dataSource.getMetadata(this.entity);
    const isInstant = (name: string) => metadata.findColumnWithPropertyName(name)?.type === 'timestamptz';
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === 'string' && isInstant(name) ? exactInstant(value) : (value as unknown),
      ]),
    );
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- TypeScript asks for it of a mixin.
type BuilderClass = abstract new (...parameters: any[]) => QueryBuilder<ObjectLiteral>;

function rowBuilder<Class extends BuilderClass>(Builder: Class) {
  abstract class RowBuilder extends Builder {
    private bound: Bound = { values: [], bind: () => '' };

    over(bound: Bound): this {
      this.bound = bound;
      return this;
    }

    override getQueryAndParameters(): [string, unknown[]] {
      return [this.getQuery(), this.bound.values];
    }

    protected override getTableName(path: string): string {
      return `${super.getTableName(path)} AS t`;
    }

    protected override createParameter(value: unknown): string {
      return this.bound.bind(value);
    }

    protected override replacePropertyNamesForTheWholeQuery(sql: string): string {
      return sql;
    }
  }
  return RowBuilder;
}

class RowInsert extends rowBuilder(InsertQueryBuilder<ObjectLiteral>) {}
class RowUpdate extends rowBuilder(UpdateQueryBuilder<ObjectLiteral>) {}
class RowDelete extends rowBuilder(DeleteQueryBuilder<ObjectLiteral>) {}
