import { Client as Connection } from 'pg';
import { anEmployment } from '../../libs/employments/src/member-employment.factory';
import { codeOf, spawnApi, type Client, type Program, type Reply } from '../support/harness';
import { until } from '../support/load';
import { OutsideTransaction } from '../support/outside-transaction';
import { OwnServer } from '../support/own-server';
import { noPgBouncer, startPgBouncer } from '../support/pgbouncer';
import { madeEmployer, madeMember } from '../support/records';
import { tries } from '../support/soak';
import { writeEntries } from './writer';

/**
 * PgBouncer in transaction mode lends a server connection for one transaction. What holds longer, or by
 * session, would be somebody else's in the next one.
 */
(noPgBouncer ? describe.skip : describe)(`through PgBouncer${noPgBouncer ? ` (${noPgBouncer})` : ''}`, () => {
  let server: OwnServer;
  let pooler: Awaited<ReturnType<typeof startPgBouncer>>;
  let programs: Program[];
  /** One person, at each of the two processes. */
  let clerks: [Client, Client];
  beforeAll(async () => {
    server = await OwnServer.start();
    pooler = await startPgBouncer(server.applicationUrl);
    const env = { DATABASE_URL: pooler.url, DATABASE_POOL_SIZE: '12' };
    const [one, other] = [await spawnApi(server, env), await spawnApi(server, env)];
    programs = [one, other];
    const clerk = await one.somebody(['staff']);
    clerks = [clerk, other.client(clerk.account, clerk.session)];
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.close()));
    await pooler.stop();
    await server.drop();
  });

  const send = (clerk: Client, number: string, mode = 'report'): Promise<Reply> =>
    clerk.post(
      `/members/import?mode=${mode}`,
      `memberNumber,firstName,lastName,classification\n${number},Rosa,Delgado,foreman`,
      { 'Content-Type': 'text/csv' },
    );

  /** An import that waits for a row of somebody else, until `goOn`. */
  async function waitingImport(clerk: Client, number: string) {
    const other = await OutsideTransaction.begin(server);
    await other.query(
      `INSERT INTO members (member_number, first_name, last_name, classification) VALUES ($1, 'A', 'B', 'foreman')`,
      [number],
    );
    const sent = send(clerk, number);
    sent.catch(() => undefined);
    await other.waiting(1);
    const goOn = async () => {
      await other.query('ROLLBACK');
      await other.end();
    };
    return { sent, goOn };
  }

  describe('the lease of an import', () => {
    it('keeps its person from another one at every process, and is free when it has ended', async () => {
      const waiting = await waitingImport(clerks[0], 'LEASE1');
      for (const clerk of clerks) expect(codeOf(await send(clerk, 'LEASE2'))).toEqual([409, 'import.in-progress']);
      await waiting.goOn();
      expect((await waiting.sent).status).toBe(200);
      expect((await send(clerks[1], 'LEASE2')).status).toBe(200);
    });

    it('is free as soon as the reply has come, and costs the pooler no connection', async () => {
      const statuses: number[] = [];
      const sessions = async () => {
        const [row] = await server.query<{ count: number }>(
          'SELECT sessions::integer AS count FROM pg_stat_database WHERE datname = current_database()',
        );
        return row?.count ?? 0;
      };
      const before = await sessions();
      for (let turn = 0; turn < tries(40, 1_000); turn += 1) {
        statuses.push(
          (await send(clerks[turn % 2 ? 1 : 0], `TURN${turn}`, turn % 3 ? 'report' : 'all-or-nothing')).status,
        );
      }
      expect(statuses).toEqual(statuses.map(() => 200));
      expect((await sessions()) - before).toBeLessThan(statuses.length / 2);
    });

    it('leaves no connection of the server in a transaction, and no lock', async () => {
      const superuser = new Connection({ connectionString: server.superuserUrl });
      await superuser.connect();
      const left = async () =>
        (
          await superuser.query(
            `SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid <> 0
             UNION ALL SELECT FROM pg_stat_activity WHERE usename = 'ip2a_app' AND state LIKE 'idle in transaction%'
               AND xact_start < clock_timestamp() - interval '1 second'`,
          )
        ).rows.length;
      await until(async () => (await left()) === 0);
      await superuser.end();
    });

    it('ends with its process', async () => {
      const [doomed] = programs;
      const waiting = await waitingImport(clerks[0], 'DOOMED');
      expect(codeOf(await send(clerks[1], 'AFTER'))).toEqual([409, 'import.in-progress']);
      await doomed?.end('SIGKILL');
      await until(async () => (await send(clerks[1], 'AFTER')).status === 200);
      await waiting.goOn();
    });
  });

  describe('the watchdog', () => {
    const unsealed = () => server.query('SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) IS NULL');

    it('ends a transaction that waits for its client, whichever connection the pooler lent it', async () => {
      await until(async () => (await unsealed()).length === 0);
      const idle = new Connection({ connectionString: pooler.url });
      idle.on('error', () => undefined);
      await idle.connect();
      await idle.query('BEGIN');
      await idle.query(`SELECT audit_append('[{"action":"READ","source":"api","requestId":"never committed"}]')`);
      await writeEntries(pooler.url, 1, 1, 'beside it');
      await until(async () => (await unsealed()).length === 0, 15_000);
      await expect(idle.query('COMMIT')).rejects.toThrow();
      expect(await server.query(`SELECT FROM audit_logs WHERE request_id = 'never committed'`)).toEqual([]);
      expect((await clerks[1].get('/members?limit=1')).status).toBe(200);
    });

    it('leaves the lease of an import alone, which writes nothing', async () => {
      const waiting = await waitingImport(clerks[1], 'ALONE');
      await writeEntries(pooler.url, 1, 1, 'beside a lease');
      await until(async () => {
        const [late] = await server.query<{ isLate: boolean }>(
          `SELECT clock_timestamp() - min(changed_at) > interval '5 s' AS "isLate" FROM audit_logs WHERE request_id = 'beside a lease'`,
        );
        return late?.isLate === true;
      }, 20_000);
      await waiting.goOn();
      expect((await waiting.sent).status).toBe(200);
    });
  });

  describe('a reference', () => {
    const employ = (memberId: number, organizationId: number) =>
      clerks[1].post('/member-employments', anEmployment(memberId, organizationId));

    it('to a removed record is refused, and a record in use is not removed', async () => {
      const [member, employer] = [await madeMember(clerks[1]), await madeEmployer(clerks[1])];
      expect((await clerks[1].delete(`/organizations/${employer}`)).status).toBe(204);
      expect(codeOf(await employ(member, employer))).toEqual([422, 'reference.missing']);
      const kept = await madeEmployer(clerks[1]);
      expect((await employ(member, kept)).status).toBe(201);
      expect(codeOf(await clerks[1].delete(`/organizations/${kept}`))).toEqual([409, 'record.in-use']);
    });

    it('to a record that is being removed waits for that, and is refused', async () => {
      const [member, employer] = [await madeMember(clerks[1]), await madeEmployer(clerks[1])];
      const other = await OutsideTransaction.begin(server);
      await other.query('UPDATE organizations SET deleted_at = now() WHERE id = $1', [employer]);
      const sent = employ(member, employer);
      await other.waiting(1);
      await other.end();
      expect(codeOf(await sent)).toEqual([422, 'reference.missing']);
    });
  });
});
