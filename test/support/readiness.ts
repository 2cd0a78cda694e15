import { HealthService } from '#app';
import type { LocalApi } from './harness';

/** Asks for the readiness of this moment. The service itself looks once a second at most. */
export async function readinessOf(api: LocalApi): Promise<Response> {
  api.app.get(HealthService).forget();
  return fetch(`${api.url}/health/ready`);
}
