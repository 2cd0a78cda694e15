import type { Measurement } from './turns';

interface Spread {
  median: number;
  min: number;
  max: number;
}

interface Costs {
  latencyMs: { p50: number; p99: number };
  /** Processor time per answer, in µs: of the server's process, and of PostgreSQL. */
  serverMicros?: number;
  databaseMicros?: number;
}

/** One case of the report. Rates are per second and medians over the rounds. */
export interface Result {
  ours: number;
  bare: number;
  /** Ours through bare, taken within each round; of `entries`, see there. */
  ratio: Spread;
  costs?: { ours: Costs; bare: Costs };
  entriesPerCommit?: number;
}

export function compare(rounds: { ours: Measurement; bare: Measurement }[]): Result {
  const [ours, bare] = [rounds.map((round) => round.ours), rounds.map((round) => round.bare)];
  return {
    ours: round(median(ours.map(({ rate }) => rate)), 1),
    bare: round(median(bare.map(({ rate }) => rate)), 1),
    ratio: spread(rounds.map((pair) => pair.ours.rate / pair.bare.rate)),
    costs: { ours: costsOf(ours), bare: costsOf(bare) },
  };
}

/** Where nothing but rates was measured. */
export function compareRates(rounds: { ours: number; bare: number }[]): Result {
  return {
    ours: round(median(rounds.map(({ ours }) => ours)), 1),
    bare: round(median(rounds.map(({ bare }) => bare)), 1),
    ratio: spread(rounds.map(({ ours, bare }) => ours / bare)),
  };
}

/** The bare server writes no entries. What is compared instead are ours with the commits that made them durable. */
export function summarizeEntries(rounds: { entries: number; commits: number; seconds: number }[]): Result {
  const perCommit = spread(rounds.map(({ entries, commits }) => entries / commits));
  const rate = median(rounds.map(({ entries, seconds }) => entries / seconds));
  return { ours: round(rate, 1), bare: 0, ratio: perCommit, entriesPerCommit: perCommit.median };
}

/** For a terminal: a line for each case. */
export function tableOf(results: Record<string, Result>): string {
  const head = [
    'case',
    'bare/s',
    'ours/s',
    'ratio (min–max)',
    'p50/p99 ms',
    'bare',
    'server µs',
    'bare',
    'database µs',
    'bare',
  ];
  const lines = Object.entries(results).map(([name, { ours, bare, ratio, costs, entriesPerCommit }]) => {
    const range = `${ratio.median} (${ratio.min}–${ratio.max})`;
    if (entriesPerCommit !== undefined) return [name, '–', perSecond(ours), `${range} entries per commit`];
    if (!costs) return [name, perSecond(bare), perSecond(ours), range];
    const columns = [costs.ours, costs.bare];
    return [
      ...[name, perSecond(bare), perSecond(ours), range],
      ...columns.map((side) => `${side.latencyMs.p50} / ${side.latencyMs.p99}`),
      ...columns.map((side) => String(side.serverMicros ?? '–')),
      ...columns.map((side) => String(side.databaseMicros ?? '–')),
    ];
  });
  const widths = head.map((title, column) =>
    Math.max(
      ...[head, ...lines.filter((line) => line.length === head.length)].map((line) => (line[column] ?? title).length),
    ),
  );
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function costsOf(turns: Measurement[]): Costs {
  const micros = (values: (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return known.length > 0 ? round(median(known), 0) : undefined;
  };
  return {
    latencyMs: {
      p50: round(median(turns.map(({ latencyMs }) => latencyMs.p50)), 1),
      p99: round(median(turns.map(({ latencyMs }) => latencyMs.p99)), 1),
    },
    serverMicros: micros(turns.map(({ serverMicros }) => serverMicros)),
    databaseMicros: micros(turns.map(({ databaseMicros }) => databaseMicros)),
  };
}

function spread(values: number[]): Spread {
  return { median: round(median(values), 3), min: round(Math.min(...values), 3), max: round(Math.max(...values), 3) };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function perSecond(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}
