import { Pool, types } from 'pg';
import fastify from 'fastify';

/**
 * What the cost of IP2A is measured against: the same five operations on `bare_members` as somebody would write them by
 * hand, well but simply. Named prepared statements and keyset paging; no accounts, no audit, no validation. Started as
 * `node bare.js DATABASE_URL POOL_SIZE`.
 */
const fields = {
  id: 'id',
  memberNumber: 'member_number',
  firstName: 'first_name',
  lastName: 'last_name',
  middleName: 'middle_name',
  address: 'address',
  city: 'city',
  state: 'state',
  zipCode: 'zip_code',
  phone: 'phone',
  email: 'email',
  dateOfBirth: 'date_of_birth',
  hireDate: 'hire_date',
  status: 'status',
  classification: 'classification',
  notes: 'notes',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  deletedAt: 'deleted_at',
};
const writable = Object.entries(fields).slice(1, 16);
const pageSize = 50;

const row = Object.entries(fields)
  .map(([field, column]) => `${column} AS "${field}"`)
  .join(', ');
const nameKey = `fold_text(last_name || ' ' || first_name) COLLATE "C"`;

const readSql = `SELECT ${row} FROM bare_members WHERE id = $1 AND deleted_at IS NULL`;
const listSql = `SELECT ${row} FROM bare_members WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT ${pageSize + 1}`;
// One lower bound, not two: of a prefix and a cursor, the index would begin at whichever it likes.
const searchSql = `SELECT ${row} FROM bare_members WHERE (${nameKey}, id) > ($1, $2) AND ${nameKey} < $3 AND deleted_at IS NULL
  ORDER BY ${nameKey}, id LIMIT ${pageSize + 1}`;
const createSql = `INSERT INTO bare_members (${writable.map(([, column]) => column).join(', ')})
  VALUES (${writable.map((_, index) => `$${index + 1}`).join(', ')}) RETURNING ${row}`;
const updateSql = (column: string) =>
  `UPDATE bare_members SET ${column} = $1, updated_at = now() WHERE id = $2 AND deleted_at IS NULL RETURNING ${row}`;

interface Row {
  id: number;
  firstName: string;
  lastName: string;
}

// A day is a day: read as a Date it would become an instant, in the server's time zone.
types.setTypeParser(types.builtins.DATE, (text) => text);

const [databaseUrl, poolSize] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, max: Number(poolSize), keepAlive: true });
const server = fastify();

server.get<{ Params: { id: string } }>('/api/v1/members/:id', async (request, reply) => {
  const { rows } = await pool.query<Row>({ name: 'read', text: readSql, values: [request.params.id] });
  return reply.status(rows[0] ? 200 : 404).send(rows[0]);
});

server.get<{ Querystring: { q?: string; cursor?: string } }>('/api/v1/members', async (request, reply) => {
  const { q, cursor } = request.query;
  const [, ...keys] = cursor ? (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]) : [];
  if (q === undefined) {
    const { rows } = await pool.query<Row>({ name: 'list', text: listSql, values: [keys[0] ?? 0] });
    return reply.send(pageOf(rows, (last) => ['', String(last.id)]));
  }
  const prefix = q.toLowerCase();
  const values = [keys[0] ?? prefix, keys[1] ?? 0, `${prefix}\u{10FFFF}`];
  const { rows } = await pool.query<Row>({ name: 'search', text: searchSql, values });
  return reply.send(pageOf(rows, (last) => ['q', `${last.lastName} ${last.firstName}`.toLowerCase(), String(last.id)]));
});

server.post<{ Body: Record<string, unknown> }>('/api/v1/members', async (request, reply) => {
  const values = writable.map(([field]) => request.body[field] ?? (field === 'status' ? 'active' : null));
  const { rows } = await pool.query<Row>({ name: 'create', text: createSql, values });
  return reply.status(201).send(rows[0]);
});

server.patch<{ Params: { id: string }; Body: Record<string, unknown> }>(
  '/api/v1/members/:id',
  async (request, reply) => {
    const [[field, value] = ['', null]] = Object.entries(request.body);
    const column = writable.find(([name]) => name === field)?.[1];
    if (column === undefined) return reply.status(422).send();
    const statement = { name: `update ${column}`, text: updateSql(column), values: [value, request.params.id] };
    const { rows } = await pool.query<Row>(statement);
    return reply.status(rows[0] ? 200 : 404).send(rows[0]);
  },
);

function pageOf(rows: Row[], keysOf: (last: Row) => string[]): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, pageSize);
  const last = items.at(-1);
  const hasMore = last !== undefined && rows.length > pageSize;
  return { items, nextCursor: hasMore ? Buffer.from(JSON.stringify(keysOf(last))).toString('base64url') : null };
}

process.once('SIGTERM', () => process.exit(0));

server.listen({ host: '127.0.0.1', port: 0 }).then(
  (url) => process.stdout.write(`The bare server listens on ${url}\n`),
  (error: unknown) => {
    process.stderr.write(`The bare server can not start: ${String(error)}\n`);
    process.exit(1);
  },
);
