import type { OwnServer } from './own-server';

/** Whoever has /metrics. */
interface Service {
  readonly url: string;
}

/** The sum of the samples whose line begins with `name`, over processes. */
export async function metricOf(programs: readonly Service[], name: string): Promise<number> {
  const scrapes = await Promise.all(programs.map(scrape));
  return scrapes.reduce((sum, samples) => sum + sumOf(samples, name), 0);
}

/** Requests that took longer than `seconds` by the service's own clock. */
export async function slowerThan(program: Service, seconds: 1 | 2 | 5): Promise<number> {
  const samples = await scrape(program);
  const fast = sumOf(samples, `ip2a_request_seconds_bucket{le="${seconds}"`);
  return sumOf(samples, 'ip2a_request_seconds_count') - fast;
}

async function scrape({ url }: Service): Promise<string[]> {
  return (await (await fetch(`${url}/metrics`)).text()).split('\n');
}

function sumOf(samples: readonly string[], name: string): number {
  return samples.filter((line) => line.startsWith(name)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Statements that a replica has answered. */
export function answeredBy(programs: readonly Service[], replica: OwnServer): Promise<number> {
  return metricOf(programs, `ip2a_replica_reads_total{replica="127.0.0.1:${portOf(replica)}",outcome="answered"}`);
}

export function portOf(server: OwnServer): string {
  return new URL(server.applicationUrl).port;
}
