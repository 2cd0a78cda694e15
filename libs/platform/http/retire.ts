import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

const retired = new WeakSet<object>();

/** Ends each connection with its next reply once the server is retired. */
export function endConnectionsOfRetired(server: FastifyInstance): void {
  server.addHook('onRequest', (_request, reply, done) => {
    if (retired.has(server.server)) reply.header('connection', 'close');
    done();
  });
}

/**
 * Takes no more connections, while another process listens on the same port. Open ones end with their next reply; one that is closed while
 * idle could be closed just when its client sends, so they are left to their clients. Resolves when none is open, or after `patienceMs`.
 */
export async function retire(app: NestFastifyApplication, patienceMs: number): Promise<void> {
  const server = app.getHttpServer();
  retired.add(server);
  // The close() of an HTTP server would also end its idle connections.
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  await Promise.race([closed, sleep(patienceMs)]);
}
