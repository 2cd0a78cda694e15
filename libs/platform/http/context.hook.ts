import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { isIPv4, type BlockList } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { addressOfHop, canonicalAddress } from '#kernel';
import type { Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { operationOf } from './operation.decorator';

/** A request not served within this many ms is given up, so that its refusal comes within the two seconds of P2 on a busy machine, too. */
const deadlineMs = 1_400;

declare module 'fastify' {
  interface FastifyRequest {
    ip2aContext: RequestContext | null;
  }
}

/** The context of a request; made anew for one that failed before its first hook. */
export function contextOf(request: FastifyRequest): RequestContext {
  return (request.ip2aContext ??= contextFrom(request));
}

/** The context, as a handler's parameter. */
export const Context = createParamDecorator((_: unknown, execution: ExecutionContext): RequestContext =>
  contextOf(execution.switchToHttp().getRequest<FastifyRequest>()),
);

/** Opens the context before anything else sees the request. `headers` go out with every reply. */
export function openContexts(server: FastifyInstance, headers: Record<string, string>, networks: Networks): void {
  const trustedProxies = networks.TRUSTED_PROXIES;
  server.decorateRequest('ip2aContext', null);
  server.addHook('onRequest', (request, reply, done) => {
    const context = contextFrom(request, networks);
    request.ip2aContext = context;
    reply.headers(headers).header('x-request-id', context.requestId);
    if (trustedProxies && isOverTls(request, trustedProxies)) reply.header('strict-transport-security', onlyTls);
    done();
  });
}

/** A year, the least that ASVS 5.0 (3.4.1) takes, and for every name below. */
const onlyTls = 'max-age=31536000; includeSubDomains';

/** Whether the client speaks TLS with a trusted proxy; the program itself does not. */
function isOverTls({ headers, socket }: FastifyRequest, trustedProxies: BlockList): boolean {
  return headers['x-forwarded-proto'] === 'https' && comesFrom(trustedProxies, socket.remoteAddress);
}

type Networks = Partial<Pick<Config, 'TRUSTED_PROXIES' | 'OPERATOR_NETWORKS'>>;

function contextFrom(request: FastifyRequest, { TRUSTED_PROXIES, OPERATOR_NETWORKS }: Networks = {}): RequestContext {
  const { headers, socket } = request;
  const forwardedFor = headers['x-forwarded-for'];
  const ipAddress = clientAddress(socket.remoteAddress, forwardedFor, TRUSTED_PROXIES);
  // A proxy that is not trusted does not lend its own address to its clients.
  const isForwarded = forwardedFor !== undefined || headers.forwarded !== undefined;
  const isTold = !isForwarded || comesFrom(TRUSTED_PROXIES, socket.remoteAddress);
  return new RequestContext({
    source: 'api',
    requestId: requestIdOf(headers['x-request-id']),
    route: operationOf(request),
    ipAddress,
    isOperator: isTold && comesFrom(OPERATOR_NETWORKS, ipAddress),
    userAgent: text(headers['user-agent']),
    reason: text(headers['x-access-reason']),
    breakGlass: text(headers['x-break-glass']),
    idempotencyKey: text(headers['idempotency-key']),
    deadlineMs,
  });
}

/** A client's own id where it is short and plain; otherwise a UUIDv7, which begins with the time and so indexes well. */
function requestIdOf(header: string | string[] | undefined): string {
  if (typeof header === 'string' && /^[\w.:-]{1,64}$/.test(header)) return header;
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Whether an address, such as that of the socket, is in these networks. */
export function comesFrom(networks: BlockList | undefined, given: string | undefined): boolean {
  const address = given && canonicalAddress(given);
  return networks !== undefined && address !== undefined && trusts(networks, address);
}

/** The socket's address; or, where the socket is a trusted proxy, the last address in X-Forwarded-For that is none. */
function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | string[] | undefined,
  trustedProxies?: BlockList,
): string | undefined {
  let address = socketAddress && canonicalAddress(socketAddress);
  if (!trustedProxies || !address || forwardedFor === undefined) return address;
  const hops = String(forwardedFor).split(',').map(addressOfHop);
  while (address && trusts(trustedProxies, address) && hops.length > 0) {
    const hop = hops.pop();
    if (!hop) break;
    address = hop;
  }
  return address;
}

function trusts(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** Node reads header bytes as Latin-1; people write UTF-8. */
function text(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const decoded = Buffer.from(header, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? header : decoded;
}
