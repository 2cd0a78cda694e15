import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RequestContext } from '#platform/context';
import { throttlingHeaders, tooMany, type Verdict } from '#platform/throttling';
import { bearerTokenOf } from './bearer';
import { contextOf } from './context.hook';

/** Counts a request against a limit and says whether it may go on. */
export type Admit = (context: RequestContext, token: string | undefined) => Verdict | Promise<Verdict>;

/** What probes and monitoring ask, and the pages of the documentation: they touch no record and no account. */
const unlimited = /^\/(?:health\/(?:live|ready)|metrics|docs(?:\/.*)?|docs-json|openapi\.json)$/;

/** Whether it is one of those, by the pattern of its route, of which there are few; an unknown route has none. */
export function isUnlimited(url: string | undefined): boolean {
  let known = exempt.get(url);
  if (known === undefined) exempt.set(url, (known = url !== undefined && unlimited.test(url)));
  return known;
}

const exempt = new Map<string | undefined, boolean>();

/**
 * Asks `admit` before the body is read and before anything is looked up, for unknown routes, too. A hook, because guards see
 * neither those nor a request that is still to be read.
 */
export function limitRequests(server: FastifyInstance, admit: Admit): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (isUnlimited(request.routeOptions.url)) {
      done();
      return;
    }
    const settle = (verdict: Verdict) => {
      sayLimit(reply, verdict);
      done(verdict.passes ? undefined : tooMany(verdict));
    };
    const verdict = admit(contextOf(request), bearerTokenOf(request));
    if (verdict instanceof Promise) verdict.then(settle, done);
    else settle(verdict);
  });
}

/** The headers of a verdict. Where several limits apply to a request, the one that is nearest stays. */
export function sayLimit(reply: FastifyReply, verdict: Verdict): void {
  const said = reply.getHeader('ratelimit-remaining');
  if (said !== undefined && verdict.passes && Number(said) <= verdict.remaining) return;
  reply.headers(throttlingHeaders(verdict));
}
