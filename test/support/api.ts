import type { Role } from '#access';
import type { TestDatabase } from './database';
import { createAccount } from './accounts';
import { Client, type Account, type Reply } from './client';
import { readEntries, type Entry, type EntryFilter } from './ledger';

/** A running API, in this process or in one of its own, and what a test needs to use it and to look behind it. */
export class Api {
  readonly anonymous: Client;
  private readonly clients: Client[] = [];
  private readonly known = new Map<string, Promise<Client>>();

  constructor(
    readonly url: string,
    readonly database: TestDatabase,
    private readonly stop: () => Promise<void>,
  ) {
    this.anonymous = new Client(url);
  }

  /** Somebody who holds the role, logged in; the same one each time for the same role and member. */
  as(role: Role, { memberId }: { memberId?: number } = {}): Promise<Client> {
    const key = `${role} ${memberId}`;
    const known = this.known.get(key) ?? this.somebody([role], memberId);
    this.known.set(key, known);
    return known;
  }

  /** Somebody new, logged in, whom a test may lock out or delete. */
  async somebody(roles: Role[], memberId?: number): Promise<Client> {
    return this.login(await this.account(roles, memberId));
  }

  account(roles: Role[], memberId?: number): Promise<Account> {
    return createAccount(this.database, { roles, memberId });
  }

  async login(account: Account): Promise<Client> {
    const { email, password } = account;
    const reply = await this.anonymous.post('/auth/login', { email, password });
    if (reply.status !== 200) throw new Error(`Log-in of ${email}: ${reply.status} ${reply.text}`);
    return this.client(account, reply.json());
  }

  client(account: Account, session: Client['session']): Client {
    const client = new Client(this.url, account, session);
    this.clients.push(client);
    return client;
  }

  entries(filter?: EntryFilter): Promise<Entry[]> {
    return readEntries(this.database, filter);
  }

  /** The entries of one request are exactly these, in order; of each, the fields named here. */
  async expectAudit(reply: Pick<Reply, 'requestId'>, ...expected: Partial<Entry>[]): Promise<void> {
    const found = await this.entries({ requestId: reply.requestId });
    expect(found).toEqual(expected.map((entry) => expect.objectContaining(entry) as Entry));
  }

  query<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]> {
    return this.database.query<Row>(sql, values);
  }

  async close(): Promise<void> {
    for (const client of [this.anonymous, ...this.clients]) client.close();
    await this.stop();
  }
}
