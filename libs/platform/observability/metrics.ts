import { collectDefaultMetrics, Histogram, type MetricObjectWithValues, type MetricValue, register } from 'prom-client';

collectDefaultMetrics();

export const requestSeconds = new Histogram({
  name: 'ip2a_request_seconds',
  help: 'Time to answer a request, by operation and status.',
  labelNames: ['operation', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
});

/** Everything measured, in Prometheus' text format. */
export function metricsText(): Promise<string> {
  return register.metrics();
}

/** Everything measured, as one process hands it to another that sums it up. */
export function metricsOfProcess(): Promise<MetricObjectWithValues<MetricValue<string>>[]> {
  return register.getMetricsAsJSON();
}

export const metricsMediaType = register.contentType;
