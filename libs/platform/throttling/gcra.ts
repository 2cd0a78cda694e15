/** Microseconds, the unit of every time and span here: what Redis' TIME answers, and exact in a double. */
const second = 1_000_000;
const minute = 60 * second;

/** The first block lasts this long, and each further one twice as long as the one before. */
export const firstBlock = second;
export const longestBlock = 15 * minute;
/** So many doublings reach the longest block. */
export const maxStrikes = 10;
/** Quiet time that makes the next block half as long. */
export const forgivenAfter = minute;
/** What is kept of a bucket; times since the epoch in microseconds. A new one is all zeros. */
export interface BucketState {
  /** When the bucket will be full again (the theoretical arrival time of GCRA, ITU-T I.371). */
  fullAt: number;
  blockedAt: number;
  blockedUntil: number;
  /** How often a block was not heeded. */
  strikes: number;
  /** Requests refused within the present block. */
  refused: number;
}

export function emptyState(): BucketState {
  return { fullAt: 0, blockedAt: 0, blockedUntil: 0, strikes: 0, refused: 0 };
}

/**
 * The time in which one request is refilled, where `limit` requests take `span`. Whole microseconds
 * keep sums exact.
 */
export function intervalOf(limit: number, span: number): number {
  return Math.max(1, Math.floor(span / limit));
}

/**
 * Takes one request out of a bucket and answers whether it was there. `limit` requests pass at once
 * from a full bucket. Then one passes each interval, so no window has an edge. An empty bucket is
 * full after `span`. A refusal begins a block. A request within the second half of a block is
 * hammering, and so are `limit` requests within any part of it. Hammering begins a new block of
 * twice the length. `gcraScript` is the same in Lua; a spec compares them.
 */
export function take(state: BucketState, limit: number, span: number, now: number): boolean {
  const interval = intervalOf(limit, span);
  const depth = interval * limit;
  // A clock that was set back would otherwise lock people out for as long.
  state.fullAt = Math.min(state.fullAt, now + depth);
  state.blockedAt = Math.min(state.blockedAt, now);
  state.blockedUntil = Math.min(state.blockedUntil, now + Math.max(longestBlock, interval));
  if (now < state.blockedUntil) {
    state.refused += 1;
    const isLate = 2 * (now - state.blockedAt) >= state.blockedUntil - state.blockedAt;
    if (isLate || state.refused >= limit) {
      block(state, Math.min(maxStrikes, state.strikes + 1), now, interval - depth);
    }
    return false;
  }
  const fullAt = Math.max(state.fullAt, now) + interval;
  if (fullAt - now <= depth) {
    state.fullAt = fullAt;
    return true;
  }
  const forgiven = Math.floor((now - state.blockedUntil) / forgivenAfter);
  block(state, Math.max(0, state.strikes - forgiven), now, interval - depth);
  return false;
}

function block(state: BucketState, strikes: number, now: number, ahead: number): void {
  const untilOneFits = state.fullAt + ahead - now;
  const penalty = Math.min(longestBlock, firstBlock * 2 ** strikes);
  state.strikes = strikes;
  state.refused = 0;
  state.blockedAt = now;
  state.blockedUntil = now + Math.max(untilOneFits, penalty);
}
