import { Client as Connection } from 'pg';
import { checkProof, LedgerKey, parseCheckpoint, provesConsistency } from '#ledger';
import { aMember } from '../../../libs/members/src/member.factory';
import { OwnServer } from '../../../test/support/own-server';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';

let server: OwnServer;
let api: LocalApi;
let key: LedgerKey;
let admin: Client;
let memberId: number;

beforeAll(async () => {
  server = await OwnServer.start();
  api = await startApi({ database: server });
  key = api.app.get(LedgerKey);
  admin = await api.as('admin');
  memberId = (await admin.post('/members', aMember())).json<{ id: number }>().id;
  await sealed();
});
afterAll(async () => {
  await api.close();
  await server.drop();
});

async function sealed(): Promise<void> {
  await until(async () => {
    const rows = await api.query('SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) IS NULL');
    return rows.length === 0;
  });
}

async function entryId(): Promise<number> {
  const [entry] = await api.entries({ tableName: 'members', recordId: memberId, action: 'CREATE' });
  return Number(entry?.id);
}

describe('the proof of an entry', () => {
  it('is checked with the key of the log alone', async () => {
    const id = await entryId();
    const reply = await admin.get(`/audit/logs/${id}/proof`);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    const { isProved, entry } = checkProof(reply.text, { log: key.verifier });
    expect(isProved).toBe(true);
    expect(entry?.toString()).toMatch(new RegExp(`^ip2a-entry/1\t${id}\t`));
    await api.expectAudit(reply, { action: 'READ', tableName: 'audit_logs', recordId: id });
    const { sealed: index } = (await admin.get(`/audit/logs/${id}`)).json<{ sealed: number }>();
    expect(reply.text).toContain(`\nindex ${index}\n`);
  });

  it('does not prove another entry, another place or another log', async () => {
    const { text } = await admin.get(`/audit/logs/${await entryId()}/proof`);
    const [, base64 = ''] = /^extra (.+)$/m.exec(text) ?? [];
    const forged = Buffer.from(Buffer.from(base64, 'base64').toString().replace('CREATE', 'UPDATE'));
    const isProved = (proof: string) => checkProof(proof, { log: key.verifier }).isProved;
    expect(isProved(text.replace(base64, forged.toString('base64')))).toBe(false);
    expect(isProved(text.replace(/^index .*$/m, 'index 0'))).toBe(false);
    expect(isProved(text.replace('\nip2a/test\n', '\nip2a/other\n'))).toBe(false);
  });

  it('carries the bytes of the entry for those only who may see all of it', async () => {
    const officer = await api.as('officer');
    const reply = await officer.get(`/audit/logs/${await entryId()}/proof`);
    expect(reply.status).toBe(200);
    expect(reply.text).not.toContain('extra');
    const bytes = checkProof((await admin.get(`/audit/logs/${await entryId()}/proof`)).text, {
      log: key.verifier,
    }).entry;
    expect(checkProof(reply.text, { log: key.verifier, entry: bytes }).isProved).toBe(true);
  });

  it('is not given to those who may not see the entry', async () => {
    const reply = await (await api.as('staff')).get('/audit/logs/1/proof');
    expect([reply.status, reply.text.includes('tlog-proof')]).toEqual([404, false]);
  });

  it('is asked for again while the entry is too new to be sealed', async () => {
    const other = new Connection({ connectionString: api.database.applicationUrl });
    await other.connect();
    // An open transaction that has written holds sealing up.
    await other.query(`BEGIN; SELECT audit_append('[{"action":"READ","source":"api"}]')`);
    const read = await admin.get(`/members/${memberId}`);
    const [entry] = await api.entries({ requestId: read.requestId });
    const reply = await admin.get(`/audit/logs/${entry?.id}/proof`);
    expect([reply.status, reply.headers['retry-after'], reply.json()['type']]).toEqual([
      409,
      '2',
      '/docs/errors#ledger.not-sealed',
    ]);
    await other.query('COMMIT');
    await other.end();
    await sealed();
    expect((await admin.get(`/audit/logs/${entry?.id}/proof`)).status).toBe(200);
  });
});

describe('two checkpoints', () => {
  it('are proved to be of one log', async () => {
    const member = await api.as('member', { memberId });
    const before = parseCheckpoint((await member.get('/audit/checkpoint')).text);
    await admin.patch(`/members/${memberId}`, { phone: '555-0100' });
    await sealed();
    const after = key.open((await member.get('/audit/checkpoint')).text);
    expect(after?.size).toBeGreaterThan(before.size);
    const reply = await admin.get(`/audit/consistency?from=${before.size}&to=${after?.size}`);
    const hashes = reply.json<{ hashes: string[] }>().hashes.map((hash) => Buffer.from(hash, 'base64'));
    const proof = { oldSize: before.size, newSize: after!.size, oldRoot: before.root, newRoot: after!.root, hashes };
    expect(provesConsistency(proof)).toBe(true);
    expect(provesConsistency({ ...proof, newRoot: before.root })).toBe(false);
  });

  it('of sizes that the log never had are refused', async () => {
    for (const query of ['from=0&to=99999999', 'from=5&to=3', 'from=-1', 'to=3']) {
      expect([query, (await admin.get(`/audit/consistency?${query}`)).status]).toEqual([query, 422]);
    }
  });
});

describe('verification', () => {
  it('finds nothing, is for administrators, and is on record', async () => {
    await sealed();
    const reply = await admin.post('/audit/verify', {});
    expect(reply.json()).toMatchObject({ valid: true, fault: null, rows: [] });
    await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'audit_logs', notes: 'verify' });
    for (const role of ['officer', 'staff', 'member'] as const) {
      expect((await (await api.as(role)).post('/audit/verify', {})).status).toBe(403);
    }
  });

  it('names a record that was changed behind the triggers, and the entry that contradicts it', async () => {
    const superuser = new Connection({ connectionString: api.database.superuserUrl });
    await superuser.connect();
    const change = (phone: string) =>
      superuser.query(`ALTER TABLE members DISABLE TRIGGER ALL; UPDATE members SET phone = '${phone}' WHERE id = ${memberId};
        ALTER TABLE members ENABLE TRIGGER ALL`);
    const [row] = await api.query<{ auditRef: string; phone: string }>(
      'SELECT audit_ref AS "auditRef", phone FROM members WHERE id = $1',
      [memberId],
    );
    await change('555-6666');
    const forged = (await admin.post('/audit/verify', {})).json();
    await change(row?.phone ?? '');
    await superuser.end();
    expect(forged).toMatchObject({
      valid: false,
      fault: null,
      rows: [{ table: 'members', id: memberId, auditRef: row?.auditRef }],
    });
    expect((await admin.post('/audit/verify', {})).json()).toMatchObject({ valid: true });
  });
});
