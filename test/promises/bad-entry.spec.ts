import { AuditWriter, LimitedRequestsService, type Action, type EntryFacts } from '#audit';
import { RequestContext } from '#platform/context';
import { startApi, type LocalApi } from '../support/harness';

let api: LocalApi;
let writer: AuditWriter;
beforeAll(async () => {
  api = await startApi();
  writer = api.app.get(AuditWriter, { strict: false });
});
afterAll(() => api.close());

let count = 0;
const aContext = (facts: Partial<ConstructorParameters<typeof RequestContext>[0]> = {}) =>
  new RequestContext({
    source: 'api',
    requestId: `bad-entry-${(count += 1)}`,
    route: 'spec',
    deadlineMs: 1_400,
    ...facts,
  });
const read = (context: RequestContext, facts: Partial<EntryFacts> = {}) =>
  writer.record(context, { action: 'READ', tableName: 'members', recordId: 1, ...facts });

async function entryOf({ requestId }: RequestContext) {
  const entries = await api.entries({ requestId });
  return entries.map(({ action, outcome, notes, route }) => ({ action, outcome, notes, route }));
}

/** What PostgreSQL refuses of one entry, with the SQLSTATE. */
const bad: [string, string, Partial<EntryFacts>, { ipAddress?: string }][] = [
  ['an address that is none', '22P02', {}, { ipAddress: 'nowhere' }],
  ['an id with a fraction', '22P02', { recordId: 1.5 }, {}],
  ['a version beyond bigint', '22003', { recordVersion: '9'.repeat(20) }, {}],
  ['a version that is no number', '22P02', { recordVersion: 'new' }, {}],
  ['an action that is too long', '22001', { action: 'A'.repeat(21) as Action }, {}],
  ['an outcome that there is not', '23514', { outcome: 'maybe' as 'failed' }, {}],
];

it.each(bad)('%s takes no other entry along, and has a placeholder', async (_what, sqlState, facts, from) => {
  const innocent = Array.from({ length: 60 }, () => aContext());
  const guilty = aContext(from);
  const outcomes = await Promise.allSettled([
    ...innocent.slice(0, 30).map((context) => read(context)),
    read(guilty, facts),
    ...innocent.slice(30).map((context) => read(context)),
  ]);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  expect(refused).toEqual([`Error: The entry of this access cannot be written: SQLSTATE ${sqlState}.`]);
  for (const context of innocent) expect(await entryOf(context)).toMatchObject([{ action: 'READ' }]);
  const notes = `an entry of ${facts.action ?? 'READ'} could not be written: SQLSTATE ${sqlState}`;
  expect(await entryOf(guilty)).toEqual([{ action: 'ACCESS_DENIED', outcome: 'failed', notes, route: 'spec' }]);
});

it('several of them are found, whatever their places', async () => {
  const contexts = Array.from({ length: 40 }, (_, index) => aContext(index % 9 === 0 ? { ipAddress: 'nowhere' } : {}));
  const outcomes = await Promise.allSettled(contexts.map((context) => read(context)));
  expect(outcomes.map(({ status }) => status)).toEqual(
    contexts.map(({ ipAddress }) => (ipAddress ? 'rejected' : 'fulfilled')),
  );
});

describe('a text of an entry', () => {
  const spoilt = 'x\ud800\0@y.example';
  const fitted = 'x\ufffd@y.example';

  it('is made fit wherever it stands', async () => {
    const context = aContext({
      reason: spoilt,
      userAgent: `${spoilt}${'A'.repeat(600)}`,
      route: `r\0${'o'.repeat(200)}`,
    });
    await read(context, { notes: spoilt, filters: { q: spoilt, within: [{ q: 'q'.repeat(9_000) }] } });
    const [entry] = await api.entries({ requestId: context.requestId });
    expect(entry).toMatchObject({
      reason: fitted,
      notes: fitted,
      filters: { q: fitted, within: [{ q: 'q'.repeat(4_000) }] },
    });
    expect([entry?.userAgent?.length, entry?.route?.length]).toEqual([512, 100]);
  });

  it('that was tried at a limit is on record, too, and is not tried again', async () => {
    const limited = api.app.get(LimitedRequestsService, { strict: false });
    const context = aContext();
    await limited.note(context, { limit: 'spoilt', email: spoilt });
    expect(await api.entries({ requestId: context.requestId })).toMatchObject([
      { action: 'RATE_LIMITED', filters: { email: fitted, limited: 1 } },
    ]);
    const hopeless = aContext({ ipAddress: 'nowhere' });
    await limited.note(hopeless, { limit: 'hopeless' });
    await limited.sumUp();
    expect(await entryOf(hopeless)).toMatchObject([{ action: 'ACCESS_DENIED', outcome: 'failed' }]);
  });
});
