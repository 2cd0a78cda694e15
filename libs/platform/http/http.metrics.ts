import type { Server } from 'node:http';
import { Gauge } from 'prom-client';

const connections = new Gauge({
  name: 'ip2a_http_connections',
  help: 'Connections of clients that are open, most of them between two requests.',
});
const inFlight = new Gauge({ name: 'ip2a_http_requests_in_flight', help: 'Requests that are not answered yet.' });

/** Counts connections, and requests until their reply has left or its connection is gone. */
export function countConnections(server: Server): void {
  server.on('connection', (socket) => {
    connections.inc();
    socket.once('close', () => connections.dec());
  });
  server.on('request', (_request, response) => {
    inFlight.inc();
    response.once('close', () => inFlight.dec());
  });
}
