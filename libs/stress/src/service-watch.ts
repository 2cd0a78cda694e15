import { request } from 'undici';
import { MetricsPage } from './metrics-page';

/** What the service says of itself about the time of a run; what it does not measure is absent. */
export interface ServiceFigures {
  /** Entries that shared commits with others, and leaves of the tree that were made, each second. */
  entriesPerSecond?: number;
  sealedPerSecond?: number;
  /** The part of look-ups that the cache answered. */
  cacheHits?: number;
  mostConnections?: number;
  mostDatabaseConnections?: number;
  refusedEntries?: number;
  cpuMicrosPerRequest?: number;
  mostMemoryMiB?: number;
  mostEventLoopDelayMs?: number;
}

/** Seconds between two looks; each costs the service some ms. */
const everySeconds = 5;
const patienceMs = 5_000;

/** Reads `/metrics` before, during and after a run. A page that can not be read is left out: the run does not depend on it. */
export class ServiceWatch {
  private first?: MetricsPage;
  private firstAt = 0;
  private readonly most = new Map<string, number>();
  private seconds = 0;

  constructor(private readonly url: string) {}

  async begin(): Promise<void> {
    this.first = await this.page();
    this.firstAt = performance.now();
  }

  /** Called once a second. */
  async look(): Promise<void> {
    this.seconds += 1;
    if (this.seconds % everySeconds === 0) await this.page();
  }

  async end(): Promise<ServiceFigures | undefined> {
    const { first } = this;
    const last = await this.page();
    if (!first || !last) return undefined;
    const seconds = (performance.now() - this.firstAt) / 1000;
    const rise = (name: string, label?: string, value?: string) => {
      const after = last.sum(name, label, value);
      return after === undefined ? undefined : after - (first.sum(name, label, value) ?? 0);
    };
    const each = (amount: number | undefined, by: number, factor = 1) =>
      amount === undefined || by <= 0 ? undefined : Math.round((amount / by) * factor * 10) / 10;
    const lookUps = rise('ip2a_cache_requests_total');
    const answered = (result: string) => rise('ip2a_cache_requests_total', 'result', result) ?? 0;
    return {
      entriesPerSecond: each(rise('ip2a_audit_entries_total'), seconds),
      sealedPerSecond: each(rise('ip2a_ledger_sealed_entries_total'), seconds),
      cacheHits: lookUps ? (answered('hit') + answered('known')) / lookUps : undefined,
      mostConnections: this.most.get('ip2a_http_connections'),
      mostDatabaseConnections: this.most.get('ip2a_database_pool_busy'),
      refusedEntries: rise('ip2a_audit_refused_total'),
      cpuMicrosPerRequest: each(rise('process_cpu_seconds_total'), rise('ip2a_request_seconds_count') ?? 0, 1_000_000),
      mostMemoryMiB: each(this.most.get('process_resident_memory_bytes'), 1_048_576),
      mostEventLoopDelayMs: each(this.most.get('nodejs_eventloop_lag_p99_seconds'), 1, 1_000),
    };
  }

  private async page(): Promise<MetricsPage | undefined> {
    try {
      const options = { headersTimeout: patienceMs, bodyTimeout: patienceMs };
      const { statusCode, body } = await request(this.url, options);
      const text = await body.text();
      if (statusCode !== 200) return undefined;
      const page = new MetricsPage(text);
      for (const name of watched) {
        const value = page.sum(name);
        if (value !== undefined) this.most.set(name, Math.max(value, this.most.get(name) ?? 0));
      }
      return page;
    } catch {
      return undefined;
    }
  }
}

const watched = [
  'ip2a_http_connections',
  'ip2a_database_pool_busy',
  'process_resident_memory_bytes',
  'nodejs_eventloop_lag_p99_seconds',
];
