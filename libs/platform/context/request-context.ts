import { DomainError, fitText, type OutdatedError } from '#kernel';
import type { Trace } from '#platform/observability';

/** A person (or a named system actor of a job or command) as known when the access happened. */
export interface Actor {
  /** Null for system actors, which have no row in users. */
  userId: number | null;
  email: string;
  roles: readonly string[];
  /** The member this account belongs to, if it belongs to one. */
  memberId: number | null;
  mustChangePassword: boolean;
  /** Whether log-in takes a second factor. */
  hasSecondFactor?: boolean;
  /** For this request they may also read what break-glass opens. */
  breaksGlass?: boolean;
}

/**
 * The account that asks, as it was when somebody looked it up. A cache may hold it for a day. So each statement that matters
 * compares its version with the one on the primary, and does nothing where they differ.
 */
export interface AskingAccount {
  readonly id: number;
  /** Another one after each change of what the account may do: roles, lock, sessions, password, deletion. */
  readonly version: string;
  /** When the first of its roles ends by itself, in seconds since the epoch by the primary's clock. */
  readonly endsAt?: number;
  /** Whether the primary has found it unchanged at some moment after the request began. */
  isConfirmed: boolean;
}

export type Source = 'api' | 'cli' | 'job';

/** Records of one table that the reply shows. A single record has `list` false. */
export interface Disclosure {
  tableName: string;
  ids: number[];
  /** The version of each record that is shown, in the order of `ids`: the id of the entry that last changed it. */
  versions?: string[];
  /**
   * Set where the one record came from a cache: when its row was last changed, in µs since the epoch. The entry is written only
   * while the row on the primary has this version and this time.
   */
  changedAt?: string;
  list: boolean;
  action?: 'EXPORT';
  filters?: Record<string, unknown>;
  notes?: string;
}

/** Records of one table that a decision depends on. Without `versions`, they are read when an error tells of them. */
export type Considered = Pick<Disclosure, 'tableName' | 'ids' | 'versions'>;

/** Reads of one request on a replica. */
export interface ReplicaReading {
  /** All reads since the last entry saw every transaction below this id. */
  horizon: string;
  /** The timeline of the log that the replica follows. */
  timeline: number;
  /** An entry was written under this horizon. The next read on the replica brings a new one. */
  isConfirmed: boolean;
  /** Tells that the replica lacked something that this request had to see. */
  wasLate: () => void;
}

interface ContextFacts {
  source: Source;
  requestId: string;
  route: string;
  ipAddress?: string;
  userAgent?: string;
  reason?: string;
  breakGlass?: string;
  idempotencyKey?: string;
  actor?: Actor;
  deadlineMs?: number;
  isOperator?: boolean;
}

/**
 * Who does what, from where and why, during one request, command or job. It is the first parameter of whatever reads or
 * changes records, so the compiler asks for it; what it says is what the ledger will say. Lengths are capped here, before
 * anything reaches a column.
 */
export class RequestContext {
  readonly source: Source;
  readonly requestId: string;
  readonly ipAddress?: string;
  readonly userAgent?: string;
  /** Why, in the words of the client; undefined where those hold no letter and no digit. */
  reason?: string;
  /** What `X-Break-Glass` said, as it was sent. */
  readonly breakGlass?: string;
  /** Set where the actor may not read without a reason; who changes something and shows nothing else need not have one. */
  mustSayWhy = false;
  /** The client's name for this attempt to create something, so that a repeated attempt creates nothing twice. */
  readonly idempotencyKey?: string;
  /** Whether it comes from a network of the operator's, who sees how the service does. */
  readonly isOperator: boolean;
  /** How long the request may take, in ms; undefined for work that may take its time. */
  private readonly budgetMs?: number;
  /** When it is given up, in ms since the epoch. */
  private deadline?: number;
  /** The operation, such as `members:update`; set once the route is known. */
  route: string;
  actor?: Actor;
  /** The session of the access token, once it was checked. */
  sessionId?: string;
  /** The account that asks; undefined for the public, and for commands and jobs, which have none. */
  account?: AskingAccount;
  /** Looks the account up on the primary; 401 where it may not ask any more. */
  lookUpAgain?: () => Promise<void>;
  /**
   * The decisions of the guards by the actor, in their order. Each throws where the actor may not
   * do this.
   */
  readonly decisions: (() => void)[] = [];
  /** Whether everything is read on the primary: in the second attempt at a request that a late or cached answer had misled. */
  readsPrimary = false;
  /** Whether this request has committed something. It is then not attempted again. */
  hasCommitted = false;
  /** Whether bytes of the reply have left. What follows in it has more time than its beginning. */
  replyHasBegun = false;
  /** What the reply will show and the ledger must name before it leaves. */
  readonly disclosures: Disclosure[] = [];
  /** The records that the request is decided by. An error from then on tells of them, so its entries name them. */
  readonly considered: Considered[] = [];
  /** Where the work for it is measured, if it is. */
  trace?: Trace;
  /** The open transaction, if the current work runs in one; owned by Database. */
  transaction?: unknown;
  /** The replica that its reads go to, once one was chosen. */
  replica?: ReplicaReading;

  constructor(facts: ContextFacts) {
    this.source = facts.source;
    this.requestId = facts.requestId;
    this.route = facts.route;
    this.ipAddress = facts.ipAddress;
    this.userAgent = fitted(facts.userAgent, 512);
    this.reason = meaningful(fitted(facts.reason?.trim(), 500));
    this.breakGlass = facts.breakGlass;
    this.idempotencyKey = facts.idempotencyKey;
    this.actor = facts.actor;
    this.isOperator = facts.isOperator ?? false;
    this.budgetMs = facts.deadlineMs;
    this.restart();
  }

  /** Its time begins now, because until now it waited for its client. */
  restart(): void {
    this.deadline = this.budgetMs === undefined ? undefined : Date.now() + this.budgetMs;
  }

  /** How many ms the request may still take. */
  get timeLeftMs(): number {
    return this.deadline === undefined ? Infinity : this.deadline - Date.now();
  }

  /** Waits for work that others wait for as well, such as a password's hash; the time it takes does not count. */
  async unhurried<T>(work: Promise<T>): Promise<T> {
    const begun = Date.now();
    try {
      return await work;
    } finally {
      if (this.deadline !== undefined) this.deadline += Date.now() - begun;
    }
  }

  /** For what is known to be long, such as an import or an export: it has no deadline of its own from here on. */
  takeTime(): void {
    this.deadline = undefined;
  }

  /**
   * Notes that the reply shows these records. Called where a view is built, and nowhere else. 428 for who must say why and did
   * not, however they came to see them.
   */
  disclose(disclosure: Disclosure): void {
    const { tableName, ids } = disclosure;
    this.demandReason({ tableName, recordId: ids.length === 1 ? ids[0] : undefined });
    this.disclosures.push(disclosure);
  }

  /** 428 for who must say why and did not: before work whose outcome tells of records. */
  demandReason(refused?: { tableName?: string; recordId?: number }): void {
    if (this.mustSayWhy && !this.reason) throw reasonRequired(refused);
  }

  /** Gives the reason that a body says, in place of the header's; entries of what follows have it. */
  sayWhy(reason: string): void {
    this.reason = meaningful(fitted(reason.trim(), 500)) ?? this.reason;
  }

  /**
   * Notes that these records decide what follows. Whoever reads a record in order to decide calls it, before any error that
   * depends on the record.
   */
  consider(records: Considered): void {
    if (records.ids.length > 0) this.considered.push(records);
  }

  /**
   * Looks the account up on the primary, and has all guards decide again: 401 or 403 where it may
   * not any more.
   */
  async decideAgain(): Promise<void> {
    if (!this.lookUpAgain) return;
    // The entry of a refusal that follows names nobody and depends on no rights.
    this.actor = undefined;
    this.account = undefined;
    await this.lookUpAgain();
    for (const decide of this.decisions) decide();
  }

  /** Forgets the first attempt at the request. The second reads everything on the primary. */
  startOver({ isReplicaLate }: OutdatedError): void {
    this.disclosures.length = 0;
    this.considered.length = 0;
    if (isReplicaLate) this.replica?.wasLate();
    this.replica = undefined;
    this.readsPrimary = true;
  }

  /**
   * The JSON that the database's capture trigger reads from the setting `ip2a.context`. It holds how long the statement may
   * take, so it is made when the statement is sent.
   */
  attribution(): string {
    const { account, actor, timeLeftMs } = this;
    return JSON.stringify({
      source: this.source,
      requestId: this.requestId,
      route: this.route,
      ipAddress: this.ipAddress,
      userAgent: this.userAgent,
      reason: this.reason,
      budgetMs: Number.isFinite(timeLeftMs) ? Math.max(0, Math.round(timeLeftMs)) : undefined,
      userId: actor?.userId ?? undefined,
      email: actor?.email,
      // As PostgreSQL writes an array of plain words; the trigger reads it for every changed row.
      roles: actor && `{${actor.roles.join(',')}}`,
      // A change of somebody whose rights have changed is refused by the trigger.
      accountId: account?.id,
      accountVersion: account?.version,
      accountEndsAt: account?.endsAt,
    });
  }
}

/** A 428, for those who must say why; `refused` is the record that was not shown, where it is known. */
export function reasonRequired(refused?: DomainError['refused']): DomainError {
  return new DomainError('access.reason-required', 'Say why in the header X-Access-Reason.', { refused });
}

/** Spaces, dots and what is invisible are no reason. */
function meaningful(text: string | undefined): string | undefined {
  return text && /[\p{L}\p{N}]/u.test(text) ? text : undefined;
}

function fitted(text: string | undefined, max: number): string | undefined {
  return text ? fitText(text, max) : undefined;
}
