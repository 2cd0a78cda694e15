import type { Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { FromWorker, Measured, ToWorker } from './worker-messages';

/** A worker that has not answered after this long, in ms, is left out of what is only true now. */
const patienceMs = 2_000;

/** What grows for as long as the program runs; a worker that is gone keeps its share, or Prometheus would see the sum shrink and take that for a restart. */
const growing = ['counter', 'histogram', 'summary'];

/** The measurements of all workers as those of one program. */
export class FleetMetrics {
  readonly restarts: Counter;
  private readonly own = new Registry();
  private readonly serving: Gauge;
  private readonly latest = new Map<Worker, Measured>();
  private readonly waiting = new Map<number, (metrics: Measured) => void>();
  /** Of those that are gone, summed up. */
  private departed: Measured = [];
  private lastId = 0;
  private collecting?: Promise<string>;

  constructor() {
    const registers = [this.own];
    this.serving = new Gauge({ name: 'ip2a_workers_serving', help: 'Workers that listen.', registers });
    const help = 'Workers that ended without being told to, and were replaced.';
    this.restarts = new Counter({ name: 'ip2a_worker_restarts_total', help, registers });
  }

  add(worker: Worker): void {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'serving') this.latest.set(worker, this.latest.get(worker) ?? []);
      if (message.kind === 'measured') this.receive(worker, message.id, message.metrics);
      if (message.kind === 'metrics-wanted') void this.answer(worker, message.id);
    });
    worker.once('exit', () => this.remove(worker));
  }

  /** In Prometheus' text format. Those who ask at the same time get the same answer. */
  private text(): Promise<string> {
    this.collecting ??= this.collect().finally(() => (this.collecting = undefined));
    return this.collecting;
  }

  private async collect(): Promise<string> {
    const workers = [...this.latest.keys()];
    const measured = await Promise.all(workers.map((worker) => this.ask(worker)));
    this.serving.set(measured.filter(({ isNew }) => isNew).length);
    const all = [await this.own.getMetricsAsJSON(), this.departed, ...measured.map(({ metrics }) => metrics)];
    return AggregatorRegistry.aggregate(all).metrics();
  }

  private async answer(worker: Worker, id: number): Promise<void> {
    const text = await this.text();
    if (worker.isConnected()) worker.send({ kind: 'metrics', id, text } satisfies ToWorker);
  }

  private async ask(worker: Worker): Promise<{ isNew: boolean; metrics: Measured }> {
    const id = ++this.lastId;
    const answer = new Promise<Measured>((resolve) => this.waiting.set(id, resolve));
    if (worker.isConnected()) worker.send({ kind: 'measure', id } satisfies ToWorker);
    const metrics = await Promise.race([answer, sleep(patienceMs, undefined, { ref: false })]);
    this.waiting.delete(id);
    if (metrics) return { isNew: true, metrics };
    // One that is gone meanwhile counts among the departed.
    return { isNew: false, metrics: (this.latest.get(worker) ?? []).filter(isGrowing) };
  }

  private receive(worker: Worker, id: number, metrics: Measured): void {
    this.latest.set(worker, metrics);
    this.waiting.get(id)?.(metrics);
  }

  private remove(worker: Worker): void {
    const last = (this.latest.get(worker) ?? []).filter(isGrowing);
    this.latest.delete(worker);
    this.departed = sum([this.departed, last]);
  }
}

type NamedValue = Measured[number]['values'][number] & { metricName?: string };

function isGrowing({ type }: Measured[number]): boolean {
  return growing.includes(String(type));
}

function sum(all: Measured[]): Measured {
  const byName = new Map<string, Measured>();
  for (const metric of all.flat()) byName.set(metric.name, [...(byName.get(metric.name) ?? []), metric]);
  return [...byName.values()].map((metrics) => ({ ...(metrics[0] as Measured[number]), values: sumOfValues(metrics) }));
}

function sumOfValues(metrics: Measured): Measured[number]['values'] {
  // The buckets of a histogram carry names of their own.
  const byLabels = new Map<string, Measured[number]['values'][number]>();
  for (const value of metrics.flatMap(({ values }) => values as NamedValue[])) {
    const key = JSON.stringify([value.metricName, Object.entries(value.labels).sort()]);
    const known = byLabels.get(key);
    byLabels.set(key, { ...value, value: value.value + (known?.value ?? 0) });
  }
  return [...byLabels.values()];
}
