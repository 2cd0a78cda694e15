import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: string;
  }
}

/** Tells the server the name of a route's operation, so that it is known before the first guard. */
export function NamedRoute(operation: string): MethodDecorator {
  return RouteConfig({ operation });
}

/** The operation a request is for; `unknown` where it leads to no route of ours. */
export function operationOf({ routeOptions }: Partial<Pick<FastifyRequest, 'routeOptions'>>): string {
  return routeOptions?.config.operation ?? 'unknown';
}
