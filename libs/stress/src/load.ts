import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '#kernel';
import type { Database } from '#platform/database';
import { Arrivals } from './arrivals';
import { LoadEvidence } from './load-evidence';
import { LoadFigures, type Latency } from './load-figures';
import { LoadMix, type Crowd, type IdsOfRecords } from './load-mix';
import { LoadUser } from './load-user';
import { ServiceWatch, type ServiceFigures } from './service-watch';

/** A user who has an account, and how to get a token for them that is good for a while. */
interface LoadAccount {
  email: string;
  token: () => Promise<string>;
}

export interface LoadOptions {
  /** Such as `http://127.0.0.1:3000`. */
  origin: string;
  metricsUrl: string;
  accounts: { office: LoadAccount[]; members: LoadAccount[] };
  /** How many visitors without an account there are. */
  visitors: number;
  /** The password of every account, for those who log in. */
  password: string;
  ids: IdsOfRecords;
  /** Requests that are due in a second. */
  rate: number;
  durationSeconds: number;
  /** In how many of them the rate rises. */
  rampSeconds: number;
  patienceMs: number;
  seed: number;
  /** Distinguishes the requests of this run from those of any other. */
  run: string;
  /** Ends the run early; what was done until then is reported. */
  signal: AbortSignal;
  onConnecting: (done: number, of: number) => void;
  onSecond: (state: LoadState) => void;
}

/** How it stands, once a second. */
export interface LoadState {
  seconds: number;
  of: number;
  due: number;
  answered: number;
  open: number;
  failed: number;
  limited: number;
  p95: number;
}

export interface LoadReport {
  users: Record<Crowd, number>;
  seed: number;
  seconds: number;
  isInterrupted: boolean;
  /** A second; what was achieved once the rate had risen. */
  rate: { offered: number; achieved: number };
  requests: { due: number; answered: number; limited: number; failed: number; unfinished: number };
  errors: Record<string, number>;
  latencyMs: Latency;
  operations: Record<string, Latency>;
  consistency: { compared: number; stale: number };
  service?: ServiceFigures;
  generator: { cpuMicrosPerRequest: number; lateMsP99: number };
}

/** Connections that are opened at a time. */
const connectingAtOnce = 100;
/** The longest nap between two requests, in ms; an interruption is noticed after it. */
const longestNapMs = 50;
/** A token is good for 15 minutes; each is renewed when it is this old, in ms. */
const tokenMs = 600_000;
/** How long an interrupted run waits for what it has sent, in ms. */
const interruptedMs = 2_000;

/**
 * Sends what many connected users send: each request is due at a time that no answer changes, and its time counts from then on (open
 * loop), so that a service which falls behind shows it. Ends by itself: after the duration what is open is waited for as long
 * as a request is waited for at all.
 */
export async function runLoad(options: LoadOptions): Promise<{ report: LoadReport; evidence: LoadEvidence }> {
  const { origin, run, signal, patienceMs, durationSeconds, rate } = options;
  const requestIdOf = (number: number) => `load-${run}-${number}`;
  const evidence = new LoadEvidence(requestIdOf);
  const figures = new LoadFigures();
  const stage = {
    ...{ origin, prefix: '/api/v1', requestIdOf, figures, patienceMs },
    onAnswered: (sent: Parameters<LoadEvidence['note']>[0]) => evidence.note(sent),
  };
  const crowds = usersOf(options, stage);
  const everybody = Object.values(crowds).flat();
  const watch = new ServiceWatch(options.metricsUrl);
  try {
    await connect(everybody, options);
    await renewTokens(crowds, options.accounts);
    await watch.begin();
    const begunAt = performance.now();
    const cpu = process.cpuUsage();
    const begunTokens = { at: begunAt };
    const beat = setInterval(() => {
      options.onSecond(stateOf(figures, (performance.now() - begunAt) / 1000, durationSeconds));
      void watch.look();
      if (performance.now() - begunTokens.at > tokenMs) {
        begunTokens.at = performance.now();
        void renewTokens(crowds, options.accounts);
      }
    }, 1000);
    try {
      let before = 0;
      let beforeSeconds = 0;
      const onFullRate = () => {
        before = figures.answered;
        beforeSeconds = (performance.now() - begunAt) / 1000;
      };
      await sendWhatIsDue(options, crowds, figures, { begunAt, onFullRate });
      const isInterrupted = signal.aborted;
      const seconds = (performance.now() - begunAt) / 1000;
      const mayTakeMs = isInterrupted ? interruptedMs : patienceMs + 1_000;
      for (let waited = 0; figures.open > 0 && waited < mayTakeMs; waited += 20) await pause(20);
      const answeredIn = (performance.now() - begunAt) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const sent = Math.max(1, figures.due - figures.open);
      return {
        evidence,
        report: {
          users: { office: crowds.office.length, members: crowds.members.length, public: crowds.public.length },
          ...{ seed: options.seed, seconds: rounded(seconds), isInterrupted },
          rate: { offered: rate, achieved: rounded((figures.answered - before) / (answeredIn - beforeSeconds)) },
          requests: {
            due: figures.due,
            answered: figures.answered,
            limited: figures.limited,
            failed: figures.failed,
            unfinished: figures.open,
          },
          errors: Object.fromEntries(figures.errors),
          latencyMs: figures.all.latency(),
          operations: figures.byOperation(),
          consistency: { compared: figures.compared, stale: figures.stale },
          service: await watch.end(),
          generator: {
            cpuMicrosPerRequest: Math.round((user + system) / sent),
            lateMsP99: figures.lateness.latency().p99,
          },
        },
      };
    } finally {
      clearInterval(beat);
    }
  } finally {
    await Promise.allSettled(everybody.map((user) => user.close()));
  }
}

/** The ids of what can be looked at. Nobody is shown anything of the records. */
export async function idsOfRecords(database: Database): Promise<IdsOfRecords> {
  const most = 200_000;
  const idsOf = async (table: string, where: string) => {
    const sql = `SELECT id FROM ${table} ${where} ORDER BY id LIMIT ${most}`;
    return (await database.query<{ id: number }>(undefined, sql, [], 30_000)).map(({ id }) => id);
  };
  return {
    members: await idsOf('members', 'WHERE deleted_at IS NULL'),
    organizations: await idsOf('organizations', 'WHERE deleted_at IS NULL'),
    employments: await idsOf('member_employments', ''),
  };
}

type Crowds = Record<Crowd, LoadUser[]>;

function usersOf({ accounts, visitors }: LoadOptions, stage: ConstructorParameters<typeof LoadUser>[0]): Crowds {
  let made = 0;
  const user = (crowd: Crowd) => {
    made += 1;
    return new LoadUser(stage, crowd, `198.${18 + (made >> 16)}.${(made >> 8) & 255}.${made & 255}`);
  };
  return {
    office: accounts.office.map(() => user('office')),
    members: accounts.members.map(() => user('members')),
    public: Array.from({ length: visitors }, () => user('public')),
  };
}

async function connect(users: LoadUser[], { signal, onConnecting }: LoadOptions): Promise<void> {
  for (let done = 0; done < users.length && !signal.aborted; done += connectingAtOnce) {
    await Promise.all(users.slice(done, done + connectingAtOnce).map((user) => user.connect()));
    onConnecting(Math.min(users.length, done + connectingAtOnce), users.length);
  }
}

/** In small parts, so that nothing that is due waits for it. */
async function renewTokens(crowds: Crowds, accounts: LoadOptions['accounts']): Promise<void> {
  for (const crowd of ['office', 'members'] as const) {
    for (const [index, user] of crowds[crowd].entries()) {
      const token = await accounts[crowd][index]?.token();
      if (token !== undefined) user.token = token;
      if (index % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function sendWhatIsDue(
  options: LoadOptions,
  crowds: Crowds,
  figures: LoadFigures,
  { begunAt, onFullRate }: { begunAt: number; onFullRate: () => void },
): Promise<void> {
  const { seed, rate, rampSeconds, durationSeconds, signal, accounts, password, run } = options;
  // What is drawn depends on what was answered; when it is due does not.
  const random = new Random(seed + 1);
  const arrivals = new Arrivals(rate, new Random(seed), rampSeconds * 1000);
  let number = 0;
  const mix = new LoadMix(options.ids, random, {
    newValue: () => `555-${run}-${number}`,
    credentials: () => ({ email: random.pick(accounts.members).email, password }),
  });
  const endMs = durationSeconds * 1000;
  let isRising = rampSeconds > 0;
  while (!signal.aborted) {
    const nowMs = performance.now() - begunAt;
    if (isRising && nowMs >= rampSeconds * 1000) {
      isRising = false;
      onFullRate();
    }
    for (const dueMs of arrivals.due(Math.min(nowMs, endMs))) {
      const crowd = mix.crowd();
      const user = random.pick(crowds[crowd]);
      number += 1;
      figures.due += 1;
      user.send({ ...mix.errand(crowd, user.changed), number, dueAt: begunAt + dueMs });
    }
    if (nowMs >= endMs) return;
    await pause(Math.min(longestNapMs, Math.max(1, arrivals.nextMs - nowMs)));
  }
}

function stateOf(figures: LoadFigures, seconds: number, of: number): LoadState {
  const { due, answered, open, failed, limited } = figures;
  return { seconds: Math.round(seconds), of, due, answered, open, failed, limited, p95: figures.all.latency().p95 };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
