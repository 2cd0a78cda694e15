import autocannon, { type Result } from 'autocannon';
import { Random } from '#kernel';
import { callsOf, type CaseName, type Sample } from './calls';

/** One turn: for this long, every connection sends its next call as soon as the last one is answered. */
export interface Order {
  name: CaseName;
  url: string;
  token: string;
  sample: Sample;
  /** The two turns of a round ask for the same records in the same order. */
  round: number;
  /** Counts the turns of a run, so that no two write the same. */
  turn: number;
  connections: number;
  seconds: number;
}

export interface Outcome {
  answered: number;
  seconds: number;
  /** What kept an answer from being a 2xx, such as "401" or "timeout", and how often. */
  faults: Record<string, number>;
  latencyMs: { p50: number; p99: number };
}

/** Runs in a process of its own, so that making the load takes nothing from either server's thread. */
process.on('message', (order: Order) => {
  drive(order).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => {
      process.stderr.write(`The load could not be made: ${String(error)}\n`);
      process.exit(1);
    },
  );
});

async function drive({ name, url, token, sample, round, turn, connections, seconds }: Order): Promise<Outcome> {
  const next = callsOf(name, sample, { random: new Random(round), number: turn });
  const latencies: number[] = [];
  const result = await new Promise<Result>((resolve, reject) => {
    const running = autocannon(
      {
        url,
        connections,
        duration: seconds,
        // The run ends with the first sample after its duration; the default of a second would make it that much longer.
        sampleInt: 50,
        headers: { authorization: `Bearer ${token}`, ...(name === 'update' || name === 'create' ? json : {}) },
        requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
      },
      (error, ended) => {
        if (error) reject(new Error('autocannon failed', { cause: error }));
        else resolve(ended);
      },
    );
    running.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  });
  const statuses = Object.entries(result.statusCodeStats ?? {}).map(
    ([status, { count }]) => [status, count ?? 0] as const,
  );
  const refused = statuses.filter(([status]) => !status.startsWith('2'));
  const lost = [
    ['timeout', result.timeouts],
    ['connection', result.errors - result.timeouts],
  ] as const;
  latencies.sort((a, b) => a - b);
  return {
    answered: result['2xx'],
    seconds: result.duration,
    faults: Object.fromEntries([...refused, ...lost].filter(([, count]) => count > 0)),
    latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
  };
}

const json = { 'content-type': 'application/json' };

function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
