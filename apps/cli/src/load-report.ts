import type { EvidenceReport, LoadReport } from '#stress';

const pad = (value: string | number, width: number) => String(value).padStart(width);
const ms = (value: number) => pad(value.toFixed(value < 100 ? 1 : 0), 8);

/** The report of a load as people read it. */
export function linesOf(report: LoadReport, ledger?: EvidenceReport): string[] {
  const { users, requests, rate, generator, service, consistency } = report;
  const all = users.office + users.members + users.public;
  const rows = [...Object.entries(report.operations), ['all', report.latencyMs] as const];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${all} users (${users.office} office, ${users.members} members, ${users.public} visitors), seed ${report.seed}, ${report.seconds} s${report.isInterrupted ? ', interrupted' : ''}\n`,
    `offered ${rate.offered}/s, achieved ${rate.achieved}/s: ${requests.due} due, ${requests.answered} answered, ${requests.limited} limited (429), ${requests.failed} failed, ${requests.unfinished} unfinished\n`,
    ...Object.entries(report.errors).map(([kind, count]) => `failed  ${kind}: ${count}\n`),
    `\n${'ms from when it was due'.padEnd(width)}${pad('count', 9)}${pad('p50', 8)}${pad('p95', 8)}${pad('p99', 8)}${pad('max', 8)}\n`,
    ...rows.map(
      ([name, { count, p50, p95, p99, max }]) =>
        `${name.padEnd(Math.max(width, 23))}${pad(count, 9)}${ms(p50)}${ms(p95)}${ms(p99)}${ms(max)}\n`,
    ),
    '\n',
    ...(service ? [serviceLine(service)] : ['service: no measurements could be read\n']),
    `generator: ${generator.cpuMicrosPerRequest} µs of processor a request; it was late by ${generator.lateMsP99.toFixed(1)} ms (p99)\n`,
    `own changes: ${consistency.stale} stale of ${consistency.compared} replies compared\n`,
    ...(ledger
      ? [`ledger: ${ledger.unaudited} unaudited and ${ledger.lost} lost of ${ledger.lookedUp} looked up\n`]
      : []),
  ];
}

function serviceLine(service: NonNullable<LoadReport['service']>): string {
  const facts = [
    [service.entriesPerSecond, (value: number) => `${value} entries/s`],
    [service.sealedPerSecond, (value: number) => `${value} sealed/s`],
    [service.refusedEntries, (value: number) => `${value} entries refused`],
    [service.cacheHits, (value: number) => `cache hits ${(value * 100).toFixed(1)} %`],
    [service.mostConnections, (value: number) => `${value} connections`],
    [service.mostDatabaseConnections, (value: number) => `${value} of the database in use`],
    [service.cpuMicrosPerRequest, (value: number) => `${value} µs of processor a request`],
    [service.mostMemoryMiB, (value: number) => `${value} MiB`],
    [service.mostEventLoopDelayMs, (value: number) => `event loop p99 ${value} ms`],
  ] as const;
  const said = facts.flatMap(([value, say]) => (value === undefined ? [] : [say(value)]));
  return `service: ${said.join(', ')}\n`;
}
