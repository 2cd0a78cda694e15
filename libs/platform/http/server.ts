import type { Socket } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import { ERRORS, type ErrorCode } from '#kernel';
import type { Config } from '#platform/config';
import type { Tracing } from '#platform/observability';
import { CoalescingMessage } from './coalescing-message';
import { openContexts } from './context.hook';
import { allowOrigins } from './cors';
import { endIdleConnectionsOnClose } from './drain';
import { holdReplies, type Release } from './hold-replies';
import { countConnections } from './http.metrics';
import { askerOf, isUnlimited, limitRequests, type LimitRequest } from './limit-requests';
import { boundedJson } from './json-bodies';
import { problemMediaType } from './problem';
import { RenderingAdapter } from './rendering.adapter';
import { logRequests } from './request-log';
import { endConnectionsOfRetired } from './retire';
import { shedLoad } from './shed-load';
import { keepAliveMs, letGoOfSlowClients, lookingMs, requestMs } from './slow-clients';
import { refuseForeignText } from './texts';
import { traceRequests } from './trace-requests';
import { refuseUnroutable, routeAsUnknown } from './unroutable';

/** Largest body of a JSON request, in bytes. Streams (CSV, files) have limits of their own. */
const maxBodyBytes = 1024 * 1024;

export function fastifyAdapter(config: Config): RenderingAdapter {
  const adapter: RenderingAdapter = new RenderingAdapter({
    bodyLimit: maxBodyBytes,
    // Express-style middleware is not used, and would cost every request.
    skipMiddie: true,
    forceCloseConnections: 'idle',
    // What comes while the server stops is still served; its connection is then closed.
    return503OnClosing: false,
    requestTimeout: requestMs,
    // Some operations say nothing for a long time; slow-clients.ts sees to clients that do.
    connectionTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    http: { connectionsCheckingInterval: lookingMs(config), IncomingMessage: CoalescingMessage },
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    clientErrorHandler: answerClientErrors(headersOf(config)),
    frameworkErrors: (error: Error, { raw }: FastifyRequest, reply: FastifyReply) =>
      routeAsUnknown(adapter.getInstance(), error, raw, reply.raw),
  });
  return adapter;
}

/** What the application has to say at the two ends of a request. */
interface Journey {
  limit: LimitRequest;
  release: Release;
  tracing?: Tracing;
}

/** Sets up what stands around Nest: contexts, security headers, limits, the gate for replies, and bodies other than JSON. */
export async function prepareServer(app: NestFastifyApplication, config: Config, journey: Journey): Promise<void> {
  const server = app.getHttpAdapter().getInstance();
  countConnections(server.server);
  openContexts(server, headersOf(config), config);
  endConnectionsOfRetired(server);
  if (journey.tracing) traceRequests(server, journey.tracing, config.TRUSTED_PROXIES);
  await allowOrigins(server, config.CORS_ORIGINS);
  letGoOfSlowClients(server, config);
  limitRequests(server, journey.limit);
  refuseUnroutable(server);
  refuseForeignText(server);
  holdReplies(server, journey.release);
  // Its hook for replies is the last one: a request counts until its entry is durable.
  shedLoad(server, isUnlimited, askerOf);
  endIdleConnectionsOnClose(server, config.SLOW_CLIENT_SECONDS * 1000);
  logRequests(server, config.LOG_LEVEL);
  // No route takes plain text.
  server.removeContentTypeParser(['text/plain', 'application/json']);
  server.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    boundedJson(server.getDefaultJsonParser('error', 'error')),
  );
  // Files stay streams: whoever handles one reads at its own pace.
  for (const type of ['text/csv', 'multipart/form-data']) {
    server.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  }
}

/** What goes out with every reply. */
function headersOf(config: Config): Record<string, string> {
  return { ...securityHeaders(config), 'cache-control': 'no-store' };
}

/**
 * Helmet's headers, made once: they are the same for every reply, and making them anew costs more than checking a token.
 * Swagger UI needs inline styles; nothing else of ours is a page.
 */
function securityHeaders(config: Config): Record<string, string> {
  const headers: Record<string, string> = {};
  const collector = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => {},
  };
  const middleware = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: [`'self'`],
        styleSrc: [`'self'`, `'unsafe-inline'`],
        imgSrc: [`'self'`, 'data:'],
        objectSrc: [`'none'`],
        baseUri: [`'none'`],
        formAction: [`'self'`],
        frameAncestors: [`'none'`],
        ...(config.HOST === '127.0.0.1' ? {} : { upgradeInsecureRequests: [] }),
      },
    },
    // Said where a trusted proxy tells that it speaks TLS, see context.hook.ts: over plain HTTP it must not be (RFC 6797 §7.2).
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    originAgentCluster: false,
  });
  middleware({} as never, collector as never, () => {});
  return headers;
}

/** What Node refuses before it is a request (over-long headers, broken framing) is answered as a problem, too. */
function answerClientErrors(headers: Record<string, string>) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      socket.destroy();
      return;
    }
    const code = codeOf(error);
    const { status, title } = ERRORS[code];
    const body = JSON.stringify({
      type: `/docs/errors#${code}`,
      title,
      status,
      detail: title,
      instance: '/',
      requestId: '',
    });
    const lines = Object.entries({
      ...headers,
      'content-type': problemMediaType,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`);
  };
}

function codeOf({ code }: NodeJS.ErrnoException): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'request.headers-too-large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request.timed-out' : 'request.malformed';
}
