import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { systemActor } from '#access';
import { Clock } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { parseCheckpoint, type Checkpoint } from './checkpoint';
import { LedgerFault } from './ledger-fault.error';
import { LedgerKey } from './ledger-key';
import { CompactRange, hashAt, hashBytes } from './merkle';
import { PublishedLog } from './published-log';
import { sealingLock } from './sealing';
import { queryOn, rowsBefore, type Query, type Seal, type SealedHashes } from './seals';
import { Client } from '#platform/sessions';

/**
 * Rows that are looked at for the log's own last one. Behind so many others an operator is asked.
 */
const maxForeignRows = 1_000;
const rowsAtATime = 8;
/** A seal is written so soon after its checkpoint was signed, in seconds. */
const writtenWithinSeconds = 15;

/** The log's own latest seal, and the numbers of the rows after it, which somebody else wrote. */
interface Head {
  own?: Seal;
  foreign: string[];
}

/**
 * Tells the seals of the log from rows that somebody else wrote. A seal is signed, and it continues
 * the own seal before it: its tree is that one's with its leaves. Others are disowned, as the
 * schema's owner, because the application's role may not.
 */
@Injectable()
export class OwnSeals {
  private readonly logger = new Logger('ledger');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly key: LedgerKey,
    private readonly log: PublishedLog,
    private readonly clock: Clock,
  ) {}

  /** Throws LedgerFault where no row is the log's own, and one may be of another key or name. */
  async head(query: Query): Promise<Head> {
    const foreign: string[] = [];
    let hasOtherKey = false;
    let candidate: (SealedHashes & { row: string }) | undefined;
    for await (const row of rowsFrom(query)) {
      if (!this.isSigned(row)) {
        foreign.push(row.row);
        hasOtherKey ||= checkpointOf(row) !== undefined;
      } else if (candidate && continues(row, candidate))
        return { own: candidate, foreign: upTo(foreign, candidate.row) };
      else {
        if (candidate) foreign.push(candidate.row);
        candidate = row;
      }
    }
    const isFirst = candidate && candidate.size === candidate.entryCount;
    if (candidate && isFirst) return { own: candidate, foreign: upTo(foreign, candidate.row) };
    if (!candidate && !hasOtherKey && foreign.length < maxForeignRows) return { foreign };
    const newest = foreign[0] ?? candidate?.row;
    throw new LedgerFault(`checkpoint ${newest} in the database is not signed with the ledger's key`);
  }

  /**
   * Disowns what follows the log's own latest seal, and answers that seal. Undefined while another
   * process seals.
   */
  async disown(reader: Query): Promise<Head | undefined> {
    const context = new RequestContext({
      ...{ source: 'job', requestId: randomUUID(), route: 'ledger:seal', actor: systemActor('ledger:seal') },
    });
    return this.asArchiver(context, async (query) => {
      const [lock] = await query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [sealingLock]);
      if (!lock?.taken) return undefined;
      const head = await this.head(reader);
      const published = (await this.log.latest(this.clock.now()))?.seq ?? 0;
      const own = head.foreign.find((row) => BigInt(row) <= published);
      if (own !== undefined) throw new LedgerFault(`checkpoint ${own} in the database is not what was published`);
      if (head.foreign.length === 0) return head;
      await query('SELECT audit_disown($1)', [head.foreign]);
      this.logger.error(
        { rows: head.foreign.join(', '), after: head.own?.seq ?? 0 },
        'Somebody else wrote checkpoints',
      );
      return head;
    });
  }

  /** Numbers of rows that were disowned and that no operator has cleared. */
  async uncleared(query: Query): Promise<string[]> {
    const rows = await query<{ seq: string }>('SELECT seq FROM disowned_seals WHERE cleared_at IS NULL ORDER BY seq');
    return rows.map(({ seq }) => seq);
  }

  /** Clears them for an operator, with the reason of the context. Answers their numbers. */
  async clear(context: RequestContext, reader: Query): Promise<string[]> {
    await this.disown(reader);
    return this.asArchiver(context, async (query) => {
      const rows = await query<{ seq: string }>('SELECT seq FROM audit_clear_disowned() AS seq ORDER BY seq');
      return rows.map(({ seq }) => seq);
    });
  }

  /** Whether the row says what was signed, when it was signed. */
  private isSigned({ checkpoint, size, root, frontier, sealedAt }: Seal): boolean {
    const signed = this.key.open(checkpoint);
    if (signed?.size !== size || !signed.root.equals(root)) return false;
    if (Math.abs(sealedAt.getTime() / 1000 - (this.key.timeOf(signed) ?? 0)) > writtenWithinSeconds) return false;
    return rootOf(size, frontier)?.equals(root) ?? false;
  }

  private async asArchiver<T>(context: RequestContext, work: (query: Query) => Promise<T>): Promise<T> {
    const { DATABASE_ARCHIVER_URL, databaseOwnerUrl } = this.config;
    const client = new Client({ connectionString: DATABASE_ARCHIVER_URL ?? databaseOwnerUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(`SELECT set_config('ip2a.context', $1, true)`, [context.attribution()]);
      const result = await work(queryOn(client));
      await client.query('COMMIT');
      return result;
    } finally {
      await client.end();
    }
  }
}

/** What an operator is told about rows that nobody has cleared. */
export function foreignDetail(rows: readonly string[]): string {
  const named = rows.slice(0, 5).join(', ') + (rows.length > 5 ? ` and ${rows.length - 5} more` : '');
  return `the log did not make checkpoint ${named} in the database; it goes on without; "ip2a ledger resume --reason …" clears that`;
}

async function* rowsFrom(query: Query): AsyncGenerator<SealedHashes & { row: string }> {
  let before: string | undefined;
  for (let read = 0, limit = 2; read < maxForeignRows; limit = rowsAtATime) {
    const rows = await rowsBefore(query, before, limit);
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < limit) return;
    read += rows.length;
    before = last.row;
  }
}

/**
 * Whether a seal's tree is that of the one before it with its leaves, and its last entry is not
 * before that one's.
 */
function continues(before: Seal, { size, entryCount, leaves, frontier, ...seal }: SealedHashes): boolean {
  if (size !== before.size + entryCount || leaves.length !== hashBytes * entryCount) return false;
  const range = new CompactRange(before.size, before.frontier);
  for (let place = 0; place < entryCount; place += 1) range.append(hashAt(leaves, place));
  const [txid, earlier] = [BigInt(seal.lastTxid), BigInt(before.lastTxid)];
  const isSame = txid === earlier && seal.lastId === before.lastId;
  const isLater = txid > earlier || (txid === earlier && BigInt(seal.lastId) > BigInt(before.lastId));
  return range.frontier.equals(frontier) && (entryCount === 0 ? isSame : isLater);
}

function rootOf(size: number, frontier: Buffer): Buffer | undefined {
  try {
    return new CompactRange(size, frontier).root;
  } catch {
    return undefined;
  }
}

/** What the row's checkpoint says, if it says the same as the row, whoever signed it. */
function checkpointOf({ checkpoint, size, root }: Seal): Checkpoint | undefined {
  try {
    const said = parseCheckpoint(checkpoint);
    return said.size === size && said.root.equals(root) ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Rows above the own one; one below is not its affair. */
function upTo(foreign: readonly string[], own: string): string[] {
  return foreign.filter((row) => BigInt(row) > BigInt(own));
}
