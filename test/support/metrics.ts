import type { OwnServer } from './own-server';
import type { Program } from './program';

/** The sum of the samples whose line begins with `name`, over processes. */
export async function metricOf(programs: readonly Program[], name: string): Promise<number> {
  const texts = await Promise.all(programs.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Statements that a replica has answered. */
export function answeredBy(programs: readonly Program[], replica: OwnServer): Promise<number> {
  return metricOf(programs, `ip2a_replica_reads_total{replica="127.0.0.1:${portOf(replica)}",outcome="answered"}`);
}

export function portOf(server: OwnServer): string {
  return new URL(server.applicationUrl).port;
}
