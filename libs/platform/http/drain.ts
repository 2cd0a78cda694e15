import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How often connections are looked at while the server stops, in ms. */
const lookMs = 100;
/** A connection that has sent nothing for this long asks for nothing, in ms. */
const silentMs = 1_000;

/**
 * Ends connections on which nothing is asked while the server stops. Node's own close ends those that are idle when it
 * begins. It also stops looking for clients that never send the head of a request. The drain would wait for both.
 */
export function endIdleConnectionsOnClose(server: FastifyInstance, headMs: number): void {
  /** Connections without a whole request so far, and when they began. */
  const unasked = new Map<Socket, number>();
  server.server.on('connection', (socket) => {
    unasked.set(socket, performance.now());
    socket.once('close', () => unasked.delete(socket));
  });
  server.server.on('request', ({ socket }) => unasked.delete(socket));

  const endIdle = () => {
    server.server.closeIdleConnections();
    for (const [socket, begunAt] of unasked) {
      const ageMs = performance.now() - begunAt;
      if (ageMs > (socket.bytesRead === 0 ? silentMs : headMs)) socket.destroy();
    }
  };
  let looking: NodeJS.Timeout | undefined;
  server.addHook('preClose', (done) => {
    // After the reads of this turn, so that a request that is there already counts.
    looking = setInterval(() => setImmediate(endIdle), lookMs);
    done();
  });
  server.addHook('onClose', (_instance, done) => {
    clearInterval(looking);
    done();
  });
}
