import { PassThrough } from 'node:stream';
import { RequestContext } from '#platform/context';
import { startApi, type LocalApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';
import { runRecorded, type Run } from '../src/with-app';

let api: LocalApi;
let id: number;
beforeAll(async () => {
  api = await startApi();
  [id = 0] = await seedMembers(api.database, 1);
});
afterAll(() => api.close());

const disclosure = () => ({ tableName: 'members', ids: [id], list: false });

/** A command that does this; its entries, and what it printed. */
async function command(requestId: string, work: (run: Run) => Promise<void>) {
  const context = new RequestContext({ source: 'cli', requestId, route: 'spec:command' });
  const output = new PassThrough();
  const entriesAtPrint: number[] = [];
  const write = output.write.bind(output);
  const count = async () => (await api.entries({ requestId })).length;
  output.write = ((text: string) => {
    void count().then((entries) => entriesAtPrint.push(entries));
    return write(text);
  }) as typeof output.write;
  const ended = runRecorded({ command: 'spec', app: api.app, context }, work, output);
  const error = await ended.then(
    () => undefined,
    (failure: unknown) => (failure as Error).message,
  );
  return { error, entries: await count(), printed: (output.read() as Buffer | null)?.toString() ?? '', entriesAtPrint };
}

it('prints what it noted when its entry is durable', async () => {
  const { error, entries, printed, entriesAtPrint } = await command('printing', async ({ context, print }) => {
    context.disclose(disclosure());
    await print('a member\n');
    await print('and no more\n');
  });
  expect([error, entries, printed]).toEqual([undefined, 1, 'a member\nand no more\n']);
  expect(entriesAtPrint).toEqual([1, 1]);
});

it('releases what it shows in another way', async () => {
  const found = await command('releasing', async ({ context, release }) => {
    context.disclose(disclosure());
    await release();
  });
  expect([found.error, found.entries]).toEqual([undefined, 1]);
});

it('fails where it noted something that it did not record', async () => {
  const found = await command('forgetting', async ({ context, print }) => {
    await print('begun\n');
    context.disclose(disclosure());
  });
  expect(found).toMatchObject({ error: 'spec noted records that it did not record.', entries: 0 });
});
