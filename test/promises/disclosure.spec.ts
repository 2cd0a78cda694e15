import { Random } from '#kernel';
import { aMember } from '../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi, type Reply } from '../support/harness';
import { inParallel } from '../support/load';
import { seedMembers } from '../support/seed';
import { tries } from '../support/soak';

/** What one request showed, read off the wire, as "table:id"; a download that was cut short showed only its beginning. */
interface Shown {
  requestId: string;
  records: string[];
  cutShort?: boolean;
  /** 503 shows nothing. Its entry may stand all the same: the service gave up waiting while the commit was on its way. */
  isUnserved?: boolean;
}
type Reader = (client: Client, memberId: number) => Promise<Shown>;

const membersInAll = 600;
const requests = tries(800, 6_000);
const width = 32;

let api: LocalApi;
let ids: number[];
beforeAll(async () => {
  api = await startApi();
  ids = await seedMembers(api.database, membersInAll);
});
afterAll(() => api.close());

it('names in the ledger exactly the records that each of thousands of mixed requests showed', async () => {
  const [own, other] = ids as [number, number];
  const office = [await api.as('staff'), await api.as('officer'), await api.as('admin'), await api.as('organizer')];
  const members = [await api.as('member', { memberId: own }), await api.as('member', { memberId: other })];
  const administrators = [await api.as('admin')];
  const exporters = office.slice(0, 3);
  const mix: [readers: Reader[], clients: Client[]][] = [
    [
      [
        single,
        single,
        unchanged,
        noChange,
        head,
        byNumber,
        list,
        list,
        search,
        everybodyCounted,
        trail,
        stale,
        taken,
        absent,
      ],
      office,
    ],
    [[whole, cutShort], exporters],
    [[ownRecord, single, single, noChange, unchanged, ownLog], members],
    [[users, oneUser, ledger, lastAdministrator], administrators],
  ];
  const random = new Random(7);
  const shown = await inParallel(requests, width, async (index) => {
    // Downloads are rarer than the rest, as in life; every other kind comes up hundreds of times.
    const [readers, clients] = mix[index % 20 === 0 ? 1 : [0, 2, 3, 0, 0][index % 5]!]!;
    const reader = random.pick(readers);
    return reader(random.pick(clients), random.pick(ids));
  });

  const logged = await loggedRecords();
  const whole_ = shown.filter((request) => !request.cutShort && !request.isUnserved);
  expect(shown.filter(({ isUnserved }) => isUnserved).length).toBeLessThan(requests / 20);
  expect(shown.filter((request) => request.cutShort).length).toBeGreaterThan(requests / 60);
  expect(whole_.filter(({ records }) => records.length > 0).length).toBeGreaterThan(requests / 2);
  expect(whole_.filter(({ records }) => records.length === 0).length).toBeGreaterThan(requests / 30);
  expect(
    whole_.filter(({ requestId, records }) => text(records) !== text(logged.get(requestId) ?? [])).slice(0, 3),
  ).toEqual([]);
  for (const { requestId, records } of shown.filter(({ cutShort, isUnserved }) => cutShort && !isUnserved)) {
    expect(logged.get(requestId)).toEqual(expect.arrayContaining(records));
  }
  const known = new Set(shown.map(({ requestId }) => requestId));
  expect([...logged.keys()].filter((requestId) => !known.has(requestId))).toEqual([]);
});

const text = (records: string[]) => [...records].sort().join();

/** Everything the ledger says was disclosed, by request. */
async function loggedRecords(): Promise<Map<string, string[]>> {
  const rows = await api.query<{ requestId: string; records: string[] }>(
    `SELECT request_id AS "requestId", array_agg(table_name || ':' || shown) AS records
     FROM audit_logs, unnest(coalesce(record_ids, ARRAY[record_id])) AS shown
     WHERE action IN ('READ', 'BULK_READ', 'EXPORT') GROUP BY request_id`,
  );
  return new Map(rows.map(({ requestId, records }) => [requestId, records]));
}

const single: Reader = async (client, id) => oneOf(await client.get(`/members/${id}`), 'members');
const ownRecord: Reader = async (client) => oneOf(await client.get('/me'), 'members');
const noChange: Reader = async (client, id) => oneOf(await client.patch(`/members/${id}`, {}), 'members');
const oneUser: Reader = async (client) => oneOf(await client.get('/auth/me'), 'users');
const users: Reader = async (client) => allOf(await client.get('/users?limit=5'), 'users');
const ledger: Reader = async (client) => allOf(await client.get('/audit/logs?limit=3'), 'audit_logs');

const byNumber: Reader = async (client, id) => {
  return oneOf(await client.get(`/members/by-number/${numberOf(id)}`), 'members');
};

const numberOf = (id: number) => `S${String(ids.indexOf(id) + 1).padStart(6, '0')}`;

/** The body of a HEAD is known to be there, and so is that of a 304: both tell something about this record. */
const head: Reader = async (client, id) => {
  const reply = await client.head(`/members/${id}`);
  return shownBy(reply, reply.status === 200 ? [`members:${id}`] : []);
};

/** The entity tag is learnt outside of the API, so that the conditional request stands alone. */
const unchanged: Reader = async (client, id) => {
  const [row] = await api.query<{ version: string }>('SELECT audit_ref AS version FROM members WHERE id = $1', [id]);
  const reply = await client.get(`/members/${id}`, { 'If-None-Match': `"${row?.version}"` });
  return shownBy(reply, reply.status === 304 ? [`members:${id}`] : []);
};

/** Errors that are decided on what the record is tell of it. */
const stale: Reader = async (client, id) => {
  const reply = await client.patch(`/members/${id}`, {}, { 'If-Match': '"1"' });
  return shownBy(reply, reply.status === 200 || reply.status === 412 ? [`members:${id}`] : []);
};

/** That a number is taken tells of the member who has it. */
const taken: Reader = async (client, id) => {
  const reply = await client.post('/members', aMember({ memberNumber: numberOf(id) }));
  return shownBy(reply, reply.status === 409 ? [`members:${id}`] : []);
};

const absent: Reader = async (client) => oneOf(await client.get('/members/2147483647'), 'members');

const lastAdministrator: Reader = async (client) => {
  const reply = await client.put(`/users/${client.account.id}/roles`, { roles: ['staff'] });
  return shownBy(reply, reply.status === 200 || reply.status === 409 ? [`users:${client.account.id}`] : []);
};

const list: Reader = async (client, id) =>
  allOf(await client.get(`/members?limit=${(id % 30) + 1}&sort=-hireDate,lastName&status=active`), 'members');

const search: Reader = async (client, id) => {
  const typed = ['delg', 'rosa d', 'nunez', 'chen, w', 'zzz', 'brien', `s000${id % 1000}`][id % 7] as string;
  return allOf(await client.get(`/members?limit=20&q=${encodeURIComponent(typed)}`), 'members');
};

const everybodyCounted: Reader = async (client) => allOf(await client.get('/members?limit=1&count=true'), 'members');

const trail: Reader = async (client, id) => {
  const reply = await client.get(`/members/${id}/audit-trail`);
  return shownBy(reply, reply.status === 200 ? [`members:${id}`] : []);
};

const ownLog: Reader = async (client) => {
  const own = ids[client === (await api.as('member', { memberId: ids[0] })) ? 0 : 1];
  const reply = await client.get('/me/access-log?limit=2');
  return shownBy(reply, reply.status === 200 ? [`members:${own}`] : []);
};

const exportPath = (id: number) =>
  `/members/export?classification=${['journeyman', 'foreman', 'apprentice_1', 'retiree'][id % 4]}`;

const whole: Reader = async (client, id) => {
  const { requestId, text, isWhole, isUnserved } = await download(client, exportPath(id), Infinity);
  // A server with too much to do may break a download off; what was received is then on record among the rest.
  if (!isWhole) return { requestId, records: idsOf(text.slice(0, text.lastIndexOf('\n') + 1)), cutShort: true };
  return { requestId, records: idsOf(text), isUnserved };
};

const cutShort: Reader = async (client, id) => {
  const { requestId, text, isUnserved } = await download(client, '/members/export', (id % 40) * 400);
  return { requestId, records: idsOf(text.slice(0, text.lastIndexOf('\n') + 1)), cutShort: true, isUnserved };
};

/** Receives at least so many characters and then hangs up. */
async function download(client: Client, path: string, characters: number) {
  const message = await client.open('GET', path);
  let text = '';
  try {
    for await (const chunk of message) {
      text += String(chunk);
      if (text.length > characters) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
  const isUnserved = message.statusCode === 503;
  return { requestId: String(message.headers['x-request-id']), text, isWhole: message.complete, isUnserved };
}

/** Of the lines of a CSV without line breaks in its cells, all but the header's. */
function idsOf(csv: string): string[] {
  const lines = csv.split('\n').filter(Boolean).slice(1);
  return lines.map((line) => `members:${line.split(',', 1)[0]}`);
}

function oneOf(reply: Reply, table: string): Shown {
  const records = reply.status === 200 ? [`${table}:${String(reply.json()['id'])}`] : [];
  return shownBy(reply, records);
}

function allOf(reply: Reply, table: string): Shown {
  const items = reply.status === 200 ? reply.json<{ items: { id: number }[] }>().items : [];
  return shownBy(
    reply,
    items.map((item) => `${table}:${item.id}`),
  );
}

function shownBy({ requestId, status }: Reply, records: string[]): Shown {
  return { requestId, records, isUnserved: status === 503 };
}
