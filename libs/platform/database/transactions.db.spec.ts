import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { aContext } from '../../../test/support/unconnected';
import { Database } from './database';

let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  test = await createTestDatabase();
  await test.query('CREATE TABLE notes (text text NOT NULL)');
  database = await Database.connect({ databaseUrl: test.ownerUrl, DATABASE_POOL_SIZE: 1 }, []);
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await test.drop();
});
beforeEach(() => test.query('TRUNCATE notes'));

const notes = async () => (await test.query<{ text: string }>('SELECT text FROM notes')).map(({ text }) => text);
const context = aContext();
const write = (text: string | null) => database.query(context, 'INSERT INTO notes VALUES ($1)', [text]);
const pid = async () => (await database.query<{ pid: number }>(undefined, 'SELECT pg_backend_pid() AS pid'))[0]?.pid;

it('is committed whole', async () => {
  expect(await database.transaction(context, () => write('a').then(() => write('b')))).toEqual([]);
  expect([await notes(), context.transaction]).toEqual([['a', 'b'], undefined]);
});

it('is joined by one inside it', async () => {
  const inner = () => database.transaction(context, () => write('b'));
  const outer = database.transaction(context, async () => {
    await write('a');
    await inner();
    throw new Error('no');
  });
  await expect(outer).rejects.toThrow('no');
  expect(await notes()).toEqual([]);
});

it.each<[string, () => Promise<unknown>, string]>([
  ['an error of its own', () => Promise.reject(new Error('the store does not answer')), 'the store does not answer'],
  ['a statement that fails', () => write(null), 'A value is required.'],
  // PostgreSQL answers COMMIT with ROLLBACK then, and no error.
  ['a failure that nobody minds', () => write(null).catch(() => undefined), 'nothing was committed'],
])('that ends with %s leaves nothing, and the connection usable', async (_name, work, message) => {
  const written = database.transaction(context, () => write('a').then(work));
  await expect(written).rejects.toThrow(message);
  expect([await notes(), context.transaction]).toEqual([[], undefined]);
  await database.transaction(context, () => write('b'));
  expect(await notes()).toEqual(['b']);
});

it('keeps its connection after an error that is not the connection’s', async () => {
  const before = await pid();
  await expect(database.transaction(context, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(database.transaction(context, () => write(null))).rejects.toThrow();
  expect(await pid()).toBe(before);
});

it('gives up a connection that was lost, and the pool has a new one', async () => {
  const before = await pid();
  const lost = database.transaction(context, async () => {
    await write('a');
    await test.query('SELECT pg_terminate_backend($1)', [before]);
    await write('b');
  });
  await expect(lost).rejects.toThrow('The database can not take the request now.');
  expect([await notes(), (await pid()) === before]).toEqual([[], false]);
});

it('takes nothing that comes after its end', async () => {
  const manager = await database.transaction(context, async () => database.manager(context));
  await expect(manager.query('INSERT INTO notes VALUES ($1)', ['late'])).rejects.toThrow('has ended');
  expect(await notes()).toEqual([]);
});

it('is not opened twice', async () => {
  const twice = database.transaction(context, () => database.manager(context).transaction(async () => write('a')));
  await expect(twice).rejects.toThrow('A transaction of this context is open');
  expect(await notes()).toEqual([]);
});
