import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Limited } from '#kernel';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { AuditWriter } from './audit-writer';
import { UnwritableEntryError } from './entry-lane';

/** Refusals by one limit are summed up this often, in ms. */
const windowMs = 60_000;
/** Limits that are counted apart; refusals by others are counted together until the window ends. */
const maxLimits = 1_000;
const others: Limited = { limit: 'others' };

/** Refusals by one limit that no entry tells of yet. */
interface Tally {
  limited: Limited;
  count: number;
  /** The newest of them. */
  last: RequestContext;
}

/**
 * Requests beyond a limit, on record without letting the ledger be flooded: the first by each limit has an entry of its own before it is
 * answered; how many follow is counted, and told by one entry for each limit and window, and on shutdown. `filters.limited` of an
 * entry is how many it stands for, so that their sum is how many there were.
 */
@Injectable()
export class LimitedRequestsService implements OnApplicationBootstrap {
  private readonly logger = new Logger('audit');
  private readonly tallies = new Map<string, Tally>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly writer: AuditWriter,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sumUp(), windowMs).unref();
    this.writer.beforeClosing(async () => {
      clearInterval(this.timer);
      await this.sumUp();
    });
  }

  /** Takes note of one refusal. Does not fail: what can not be written now is counted, and told later. */
  async note(context: RequestContext, limited: Limited): Promise<void> {
    const known = this.tallies.get(limited.limit) ?? this.tallyOfOthers(context);
    if (known) {
      known.count += 1;
      known.last = context;
      return;
    }
    const tally: Tally = { limited, count: 0, last: context };
    this.tallies.set(limited.limit, tally);
    await this.write(context, tally, 1);
  }

  /** One entry for each limit that refused somebody since the last time. Limits that no longer do are forgotten. */
  async sumUp(): Promise<void> {
    const writing: Promise<void>[] = [];
    for (const [limit, tally] of this.tallies) {
      const { count, last } = tally;
      if (count === 0) {
        this.tallies.delete(limit);
        continue;
      }
      tally.count = 0;
      writing.push(this.write(afterwards(last, tally.limited), tally, count));
    }
    await Promise.all(writing);
  }

  /** Undefined while there is room to count one more limit by itself. */
  private tallyOfOthers(last: RequestContext): Tally | undefined {
    if (this.tallies.size < maxLimits) return undefined;
    const tally = this.tallies.get(others.limit) ?? { limited: others, count: 0, last };
    this.tallies.set(others.limit, tally);
    return tally;
  }

  private async write(context: RequestContext, tally: Tally, count: number): Promise<void> {
    const { limit, email } = tally.limited;
    try {
      await this.nameActor(context);
      await this.writer.record(context, {
        action: 'RATE_LIMITED',
        outcome: 'denied',
        filters: { limit, email, limited: count },
        notes: 'rate.limited',
      });
    } catch (error) {
      // Another attempt would fail, too; a placeholder stands for it.
      if (error instanceof UnwritableEntryError) return;
      tally.count += count;
      // The limit may have been forgotten meanwhile, but not what it refused.
      this.tallies.set(limit, tally);
      this.logger.warn({ cause: (error as Error).message }, 'Limited requests could not be put on record yet');
    }
  }

  /** A request is refused before anything is looked up, so its actor may be known by the token alone. */
  private async nameActor({ actor }: RequestContext): Promise<void> {
    if (!actor?.userId || actor.email) return;
    const [account] = await this.database.query<{ email: string; roles: string[] }>(
      undefined,
      `SELECT email, ARRAY (SELECT r.name::text FROM user_roles ur JOIN roles r ON r.id = ur.role_id
         WHERE ur.user_id = users.id ORDER BY r.id) AS roles FROM users WHERE id = $1`,
      [actor.userId],
    );
    Object.assign(actor, account);
  }
}

/** The context of an entry that tells of earlier requests: that of the newest of them, without its deadline. */
function afterwards(context: RequestContext, limited: Limited): RequestContext {
  const { source, requestId, route, ipAddress, userAgent, actor } = context;
  if (limited === others) return new RequestContext({ source, requestId, route: 'unknown' });
  return new RequestContext({ source, requestId, route, ipAddress, userAgent, actor });
}
