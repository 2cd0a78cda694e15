import { getRepositoryToken } from '@nestjs/typeorm';
import type { EntityManager, QueryRunner, Repository } from 'typeorm';
import { User } from '#auth';
import { Member } from '#members';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { aMember } from '../../../libs/members/src/member.factory';
import { type LocalApi, startApi } from '../../../test/support/harness';
import { anActor } from '../../../test/support/unconnected';

/** One write on a row that exists, or that makes one. */
interface Way {
  action: string;
  entity?: typeof Member | typeof User;
  /** Whether the row is deleted softly before. */
  isDeleted?: boolean;
  /** Whether TypeORM opens a transaction for it. */
  isWhole?: boolean;
  run: (manager: EntityManager, id: number, options?: object) => Promise<unknown>;
}

let count = 0;
const phone = () => `555-${(count += 1)}`;
const found = (manager: EntityManager, id: number) =>
  manager.findOneOrFail(Member, { where: { id }, withDeleted: true });
const make = (manager: EntityManager) => manager.create(Member, aMember());

const ways: Record<string, Way> = {
  'save of a new one': {
    action: 'CREATE',
    isWhole: true,
    run: (manager, _, options) => manager.save(make(manager), options),
  },
  'save of a changed one': {
    action: 'UPDATE',
    isWhole: true,
    run: async (manager, id, options) =>
      manager.save(Object.assign(await found(manager, id), { phone: phone() }), options),
  },
  insert: { action: 'CREATE', run: (manager) => manager.insert(Member, make(manager)) },
  update: { action: 'UPDATE', run: (manager, id) => manager.update(Member, { id }, { phone: phone() }) },
  upsert: {
    action: 'UPDATE',
    run: async (manager, id) => {
      const { memberNumber } = await found(manager, id);
      return manager.upsert(Member, { ...aMember(), memberNumber }, ['memberNumber']);
    },
  },
  increment: {
    action: 'UPDATE',
    entity: User,
    run: (manager, id) => manager.increment(User, { id }, 'failedLoginAttempts', 1),
  },
  softDelete: { action: 'DELETE', run: (manager, id) => manager.softDelete(Member, { id }) },
  restore: { action: 'RESTORE', isDeleted: true, run: (manager, id) => manager.restore(Member, { id }) },
  softRemove: {
    action: 'DELETE',
    isWhole: true,
    run: async (manager, id, options) => manager.softRemove(await found(manager, id), options),
  },
  recover: {
    action: 'RESTORE',
    isDeleted: true,
    isWhole: true,
    run: async (manager, id, options) => manager.recover(await found(manager, id), options),
  },
  remove: {
    action: 'DELETE',
    isWhole: true,
    run: async (manager, id, options) => manager.remove(await found(manager, id), options),
  },
  delete: { action: 'DELETE', run: (manager, id) => manager.delete(Member, { id }) },
  'a query builder that inserts': {
    action: 'CREATE',
    run: (manager) => manager.createQueryBuilder().insert().into(Member).values(make(manager)).execute(),
  },
  'a query builder that updates': {
    action: 'UPDATE',
    run: (manager, id) =>
      manager.createQueryBuilder().update(Member).set({ phone: phone() }).where({ id }).returning('id').execute(),
  },
  'a query builder that deletes': {
    action: 'DELETE',
    run: (manager, id) => manager.createQueryBuilder().delete().from(Member).where({ id }).execute(),
  },
};

let api: LocalApi;
let clerkId: number;
beforeAll(async () => {
  api = await startApi();
  clerkId = (await api.account(['staff'])).id;
});
afterAll(() => api.close());

const dataSource = () => api.app.get(Database).dataSource;

function newContext(): RequestContext {
  const actor = anActor('staff', { userId: clerkId, email: 'clerk@local.example' });
  const requestId = `orm-${(count += 1)}`;
  return new RequestContext({ source: 'api', requestId, route: 'spec', reason: 'a call', actor });
}

/** The id of a row to write on. */
async function newRow({ entity = Member, isDeleted = false }: Way): Promise<number> {
  if (entity === User) return (await api.account(['staff'])).id;
  const [row] = await api.database.query<{ id: number }>(
    `INSERT INTO members (member_number, first_name, last_name, classification, deleted_at)
     VALUES ($1, 'Rosa', 'Delgado', 'journeyman', CASE WHEN $2 THEN now() END) RETURNING id`,
    [`ORM${(count += 1)}`, isDeleted],
  );
  return row?.id ?? 0;
}

async function inTransaction(context: RequestContext | undefined, work: (runner: QueryRunner) => Promise<unknown>) {
  const runner = dataSource().createQueryRunner();
  runner.data = { context };
  try {
    await runner.startTransaction();
    await work(runner);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

/** The entries of the write, and whom they name. */
async function left(since: number) {
  const entries = await api.entries({ since });
  return entries.map(({ action, changedBy, requestId, reason, notes }) => ({
    action,
    changedBy,
    requestId,
    reason,
    notes,
  }));
}

const lastEntry = async () => (await api.entries()).at(-1)?.id ?? 0;

describe.each(Object.entries(ways))('%s', (_name, way) => {
  const { action, isWhole = false, run } = way;

  it('in a transaction with a context leaves one entry, which names who and why', async () => {
    const id = await newRow(way);
    const since = await lastEntry();
    const context = newContext();
    await inTransaction(context, ({ manager }) => run(manager, id));
    const { requestId } = context;
    expect(await left(since)).toEqual([{ action, changedBy: clerkId, requestId, reason: 'a call', notes: null }]);
    expect(context.hasCommitted).toBe(true);
  });

  it('by Database.manager leaves one entry, and none when the work throws', async () => {
    const database = api.app.get(Database);
    const [id, since, context] = [await newRow(way), await lastEntry(), newContext()];
    const manager = await database.transaction(context, async () => {
      await run(database.manager(context), id);
      return database.manager(context);
    });
    const { requestId } = context;
    const entry = { action, changedBy: clerkId, requestId, reason: 'a call', notes: null };
    await expect(run(manager, id)).rejects.toThrow('has ended');
    expect(await left(since)).toEqual([entry]);
    const [other, failing] = [await newRow(way), newContext()];
    const before = await lastEntry();
    const failed = database.transaction(failing, async () => {
      await run(database.manager(failing), other);
      throw new Error('thought better of it');
    });
    await expect(failed).rejects.toThrow('thought better of it');
    expect(await left(before)).toEqual([]);
  });

  it('by Database.manager outside of a transaction leaves one entry, which names who and why', async () => {
    const [id, since, context] = [await newRow(way), await lastEntry(), newContext()];
    await run(api.app.get(Database).manager(context), id);
    const { requestId } = context;
    expect(await left(since)).toEqual([{ action, changedBy: clerkId, requestId, reason: 'a call', notes: null }]);
    expect([context.hasCommitted, context.transaction]).toEqual([true, undefined]);
  });

  it('in a transaction without a context is refused, and changes nothing', async () => {
    const id = await newRow(way);
    const since = await lastEntry();
    await expect(inTransaction(undefined, ({ manager }) => run(manager, id))).rejects.toThrow('carries no context');
    expect(await left(since)).toEqual([]);
  });

  it('by itself without a context is refused, and changes nothing', async () => {
    const id = await newRow(way);
    const since = await lastEntry();
    await expect(run(dataSource().manager, id)).rejects.toThrow('carries no context');
    expect(await left(since)).toEqual([]);
  });

  it('by itself with a context leaves its entry where it has a transaction, and is refused where it has none', async () => {
    const id = await newRow(way);
    const since = await lastEntry();
    const context = newContext();
    const runner = dataSource().createQueryRunner();
    runner.data = { context };
    try {
      const written = isWhole ? run(dataSource().manager, id, { data: { context } }) : run(runner.manager, id);
      if (isWhole) await written;
      else await expect(written).rejects.toThrow('runs outside of a transaction');
    } finally {
      await runner.release();
    }
    const { requestId } = context;
    const entry = { action, changedBy: clerkId, requestId, reason: 'a call', notes: null };
    expect(await left(since)).toEqual(isWhole ? [entry] : []);
  });
});

it('raw SQL, and a write that calls no listeners, has the context of its transaction', async () => {
  const id = await newRow({ action: 'UPDATE', run: () => Promise.resolve() });
  const since = await lastEntry();
  const context = newContext();
  await inTransaction(context, async ({ manager }) => {
    await manager.query('UPDATE members SET phone = $2 WHERE id = $1', [id, phone()]);
    await manager
      .createQueryBuilder()
      .update(Member)
      .set({ phone: phone() })
      .where({ id })
      .callListeners(false)
      .execute();
  });
  const entry = { action: 'UPDATE', changedBy: clerkId, requestId: context.requestId, reason: 'a call', notes: null };
  expect(await left(since)).toEqual([entry, entry]);
});

it('raw SQL without a context names the database role', async () => {
  const id = await newRow({ action: 'UPDATE', run: () => Promise.resolve() });
  const since = await lastEntry();
  await dataSource().query('UPDATE members SET phone = $2 WHERE id = $1', [id, phone()]);
  expect(await left(since)).toMatchObject([{ action: 'UPDATE', changedBy: null, notes: 'database role ip2a_app' }]);
});

it.each([
  ['clear', (manager: EntityManager) => manager.clear(Member)],
  ['a raw TRUNCATE', (manager: EntityManager) => manager.query('TRUNCATE members CASCADE')],
])('%s is refused, with a context, too', async (_name, run) => {
  const since = await lastEntry();
  await expect(inTransaction(newContext(), ({ manager }) => run(manager))).rejects.toThrow();
  expect(await left(since)).toEqual([]);
});

it('a write by rights that have changed meanwhile is refused', async () => {
  const id = await newRow({ action: 'UPDATE', run: () => Promise.resolve() });
  const since = await lastEntry();
  const context = newContext();
  context.account = { id: clerkId, version: '1', isConfirmed: false };
  const written = found(dataSource().manager, id).then((member) =>
    dataSource().manager.save(Object.assign(member, { phone: phone() }), { data: { context } }),
  );
  await expect(written).rejects.toThrow('the rights of the account were changed');
  expect([await left(since), context.hasCommitted]).toEqual([[], false]);
});

describe('an injected repository', () => {
  const members = () => api.app.get<Repository<Member>>(getRepositoryToken(Member), { strict: false });

  it('writes on record with a context, and is refused without', async () => {
    const [since, context] = [await lastEntry(), newContext()];
    const made = await members().save(members().create(aMember()), { data: { context } });
    const { requestId } = context;
    expect(await left(since)).toEqual([
      { action: 'CREATE', changedBy: clerkId, requestId, reason: 'a call', notes: null },
    ]);
    const before = await lastEntry();
    await expect(members().update({ id: made.id }, { phone: phone() })).rejects.toThrow('carries no context');
    await expect(members().save(Object.assign(made, { phone: phone() }))).rejects.toThrow('carries no context');
    expect(await left(before)).toEqual([]);
  });
});
