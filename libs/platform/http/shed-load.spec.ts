import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { shedLoad } from './shed-load';

/** As many as a process works on at a time. */
const all = 512;

let server: FastifyInstance;
let letGo: () => void;
/** What stands before a request is counted: its limit is asked for, for instance. */
let before: Promise<unknown>;
/** Each request is another person's, where it does not say whose. */
let asked = 0;
beforeEach(() => {
  const held: (() => void)[] = [];
  letGo = () => held.splice(0).forEach((go) => go());
  before = Promise.resolve();
  server = fastify();
  server.addHook('onRequest', async () => {
    await before;
  });
  shedLoad(
    server,
    ({ url }) => url === '/health/live',
    ({ headers }) => ({ key: String(headers['x-asker'] ?? (asked += 1)), isNetwork: false }),
  );
  server.setErrorHandler((_error, _request, reply) => reply.code(503).send());
  server.get('/members', () => new Promise<string>((resolve) => held.push(() => resolve('shown'))));
  server.get('/health/live', () => 'alive');
});
afterEach(() => server.close());

/** Asks for members so many times at once; answers how many were served, and how many refused. */
async function ask(times: number, headers = {}): Promise<{ served: number; refused: number }> {
  const replies = Array.from({ length: times }, () => server.inject({ url: '/members', headers }));
  await pause(50);
  letGo();
  const statuses = (await Promise.all(replies)).map(({ statusCode }) => statusCode);
  return {
    served: statuses.filter((status) => status === 200).length,
    refused: statuses.filter((status) => status === 503).length,
  };
}

it('serves as many at once as it can, refuses the others, and serves again', async () => {
  expect(await ask(all + 10)).toEqual({ served: all, refused: 10 });
  expect(await ask(all)).toEqual({ served: all, refused: 0 });
});

it('serves one person half as many at once', async () => {
  expect(await ask(all, { 'x-asker': 'user:1' })).toEqual({ served: all / 2, refused: all / 2 });
});

it('tells that it is alive while it can serve no more', async () => {
  const busy = ask(all);
  expect((await server.inject('/health/live')).statusCode).toBe(200);
  await busy;
});

it('does not take those for open whose clients left before they were counted', async () => {
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  let proceed: (() => void) | undefined;
  before = new Promise<void>((resolve) => (proceed = resolve));
  for (let client = 0; client < 20; client += 1) {
    const arrived = once(server.server, 'request');
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /members HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const [, response] = (await arrived) as [unknown, NodeJS.EventEmitter];
    const gone = once(response, 'close');
    socket.destroy();
    await gone;
  }
  proceed?.();
  await pause(50);
  letGo();
  expect(await ask(all)).toEqual({ served: all, refused: 0 });
});
