import { HealthService } from '#app';
import type { LocalApi } from './harness';
import { until } from './load';

/** Asks for the readiness of this moment. The service itself looks once a second at most. */
export async function readinessOf(api: LocalApi): Promise<Response> {
  api.app.get(HealthService).forget();
  return fetch(`${api.url}/health/ready`);
}

/** Waits until every check is well: a service that has just started may have nothing sealed yet. */
export async function isReady(api: LocalApi): Promise<void> {
  await until(async () => ((await (await readinessOf(api)).json()) as { status: string }).status === 'ok', 20_000);
}
