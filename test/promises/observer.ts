import { holds, type Permission, type Role } from '#access';
import type { Account, Client } from '../support/client';
import type { TestDatabase } from '../support/database';

/** On lists from a replica others' changes may be missing for ten seconds, and a little for the time on the way. */
const boundMs = 11_000;

/**
 * What holds of somebody or something until it is changed. A request can be judged by it where no change was under way from its
 * beginning to its end.
 */
export class Phase<State> {
  isChanging = false;
  private count = 0;

  /** The state is undefined while nobody knows what a failed change has done. */
  constructor(public state: State | undefined) {}

  /** Begins at once; when it resolves, the change was acknowledged. Answers the new state. */
  async change(work: () => Promise<State | undefined>): Promise<State | undefined> {
    this.isChanging = true;
    this.count += 1;
    try {
      return (this.state = await work());
    } finally {
      this.isChanging = false;
    }
  }

  /** To be called when a request begins. What it returns tells at its end which state held all the time, if one did. */
  watch(): () => State | undefined {
    const { count, isChanging } = this;
    return () => (isChanging || count !== this.count ? undefined : this.state);
  }
}

interface Write {
  by: number;
  number: number;
  at: number;
}

/** A record whose phone number only ever grows, and what of it was told to anybody. */
export class Counted {
  readonly life = new Phase<'live' | 'removed'>('live');
  /** Somebody changes it; for good where nobody knows whether a change was made. */
  isBusy = false;
  /** The newest number that anybody was told, or that was acknowledged. */
  told = 0;
  /** The entity tags of the newest two versions that anybody was told, the newest last, with their numbers. */
  tags: { tag: string; number: number }[] = [];
  private readonly writes: Write[] = [];

  constructor(
    readonly table: 'members' | 'organizations',
    readonly id: number,
    /** Finds it in a list. */
    readonly search: string,
  ) {}

  get path(): string {
    return `/${this.table}/${this.id}`;
  }

  acknowledge(by: number, number: number): void {
    this.writes.push({ by, number, at: performance.now() });
    this.told = Math.max(this.told, number);
  }

  tell(number: number, tag: string): void {
    this.told = Math.max(this.told, number);
    if (number > (this.tags.at(-1)?.number ?? -1)) this.tags = [...this.tags.slice(-1), { tag, number }];
  }

  /** What a list that somebody asked for at this time must show at least: their own changes, and older ones of others. */
  listedAtLeast(by: number, begunAt: number): number {
    const due = (write: Write) => write.at < (write.by === by ? begunAt : begunAt - boundMs);
    return this.writes.findLast(due)?.number ?? 0;
  }
}

/** What one reply showed, read off the wire. */
export interface Shown {
  action: 'READ' | 'BULK_READ' | 'UPDATE';
  table: string;
  ids: number[];
  /** The version that the entity tag of a single record told. */
  version?: string;
  /** The numbers of the records of a list. */
  numbers?: number[];
}

interface Entry {
  [column: string]: unknown;
  id: string;
  action: string;
  table: string;
  requestId: string | null;
  ids: number[];
  versions: (string | null)[] | null;
  phone: string | null;
}

/** How the ledger differs from the wire. `shown` is by request; requests of `refused` showed nothing; `unserved` may be on record. */
export async function differences(
  database: TestDatabase,
  shown: ReadonlyMap<string, Shown>,
  refused: ReadonlySet<string>,
  unserved: ReadonlySet<string>,
): Promise<Record<'unrecorded' | 'misnamed' | 'invented', string[]>> {
  const entries = await database.query<Entry>(
    `SELECT id::text, action, table_name AS table, request_id AS "requestId", new_values ->> 'phone' AS phone,
       coalesce(record_ids, ARRAY[record_id])::integer[] AS ids,
       CASE WHEN record_ids IS NULL THEN ARRAY[record_version] ELSE record_versions END::text[] AS versions
     FROM audit_logs WHERE table_name IN ('members', 'organizations', 'users') ORDER BY audit_logs.id`,
  );
  const history = historyOf(entries);
  const byRequest = new Map<string, Entry[]>();
  for (const entry of entries) {
    const requestId = entry.requestId ?? '';
    byRequest.set(requestId, [...(byRequest.get(requestId) ?? []), entry]);
  }
  const unrecorded: string[] = [];
  const misnamed: string[] = [];
  for (const [requestId, reply] of shown) {
    const found = (byRequest.get(requestId) ?? []).filter(({ action }) => action === reply.action);
    const [entry] = found;
    if (!entry || found.length > 1) unrecorded.push(`${requestId}: ${JSON.stringify(reply)}`);
    else if (!fits(entry, reply, history)) misnamed.push(`${JSON.stringify(reply)} is ${JSON.stringify(entry)}`);
  }
  const disclosing = entries.filter(({ action, table }) => action.endsWith('READ') && table !== 'users');
  const invented = disclosing.filter(({ requestId }) => {
    return refused.has(requestId ?? '') || !(shown.has(requestId ?? '') || unserved.has(requestId ?? ''));
  });
  return { unrecorded, misnamed, invented: invented.map((entry) => JSON.stringify(entry)) };
}

/** The number of each record by its versions. */
function historyOf(entries: Entry[]): Map<string, number> {
  const last = new Map<string, number>();
  const history = new Map<string, number>();
  for (const { id, action, table, ids, phone } of entries) {
    if (action.endsWith('READ') || table === 'users') continue;
    const record = `${table}:${ids[0]}`;
    if (phone !== null) last.set(record, Number(phone));
    history.set(`${record}:${id}`, last.get(record) ?? 0);
  }
  return history;
}

function fits(entry: Entry, reply: Shown, history: ReadonlyMap<string, number>): boolean {
  const { table, ids, version, numbers } = reply;
  if (entry.table !== table || entry.ids.join() !== ids.join()) return false;
  // An account shows no version.
  if (table === 'users') return true;
  if (reply.action === 'UPDATE') return entry.id === version;
  if (version !== undefined) return entry.versions?.join() === version;
  const recorded = ids.map((id, index) => history.get(`${table}:${id}:${entry.versions?.[index]}`));
  return recorded.join() === numbers?.join();
}

/** What somebody may do: all that their roles permit, or nothing at all. */
export interface Rights {
  works: boolean;
  roles: readonly Role[];
}

/** The status that somebody with these rights must get; undefined where they must be served. */
export function refusalOf(rights: Rights, needed: Permission): 401 | 403 | undefined {
  if (!rights.works) return 401;
  const actor = { ...rights, userId: 0, email: '', memberId: null, mustChangePassword: false };
  return holds(actor, needed) ? undefined : 403;
}

/** Somebody with a client at each process. */
export interface Person {
  account: Account;
  clients: Client[];
  rights: Phase<Rights>;
  begunAt: number;
  /** How they were shut out, while they are. */
  shutOut?: 'locked' | 'locked with their sessions' | 'logged out';
}

/** Lists and searches of every kind. */
export const lists: readonly (readonly ['members' | 'organizations', string])[] = [
  ['members', '/members?limit=30&sort=id'],
  ['members', '/members?limit=12&sort=-updatedAt'],
  ['members', '/members?limit=20&q=s0000'],
  ['members', '/members?limit=20&q=delg&count=true'],
  ['members', '/members?limit=10&sort=lastName,id&status=active'],
  ['organizations', '/organizations?limit=15&sort=-id'],
  ['organizations', '/organizations?limit=10&q=works'],
];
