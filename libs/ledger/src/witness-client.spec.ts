import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signCheckpoint } from './checkpoint';
import { signatureType, verifierKey } from './note';
import { WitnessClient } from './witness-client';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const checkpoint = signCheckpoint({ origin: 'log.example', size: 1, root: Buffer.alloc(32) }, privateKey, 1);

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}

it.each([301, 302, 303, 307, 308])('sends a checkpoint to no other address, whatever a %i says', async (status) => {
  let asked = 0;
  const elsewhere = await serve((_, reply) => {
    asked += 1;
    reply.end();
  });
  const witness = await serve((_, reply) => reply.writeHead(status, { Location: elsewhere.url }).end());
  const client = new WitnessClient(witness.url, verifierKey('witness.example', publicKey, signatureType.cosignature));
  await expect(client.cosign(checkpoint, () => Promise.resolve([]))).rejects.toThrow();
  expect(asked).toBe(0);
  await Promise.all([witness.stop(), elsewhere.stop()]);
});
