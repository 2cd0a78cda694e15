import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Witness } from '#ledger';
import { UsageError } from '../usage-error';

/** A request holds a checkpoint and 63 hashes at most. */
const maxRequestBytes = 64 * 1024;
/** Requests that take longer are given up, in ms. */
const requestMs = 10_000;

interface Options {
  logKey: string;
  name: string;
  folder: string;
  host: string;
  port: string;
}

/**
 * `ip2a witness`: a C2SP witness of one log, for a machine that the log's operators do not run. It needs neither database nor
 * settings; its key is made in its folder at the first start.
 */
export function serveWitness(): Command {
  return new Command('witness')
    .description('cosign the checkpoints of a ledger elsewhere, if each continues the one before')
    .requiredOption('--log-key <key>', 'the verifier key of the log: what "audit key" prints there')
    .requiredOption('--name <name>', 'the name of the witness, such as witness.example')
    .requiredOption('--folder <folder>', 'where it keeps its key and what it has seen')
    .option('--host <address>', 'where it listens', '127.0.0.1')
    .option('--port <number>', 'where it listens', '3900')
    .action(async (options: Options) => {
      const { witness, key } = await open(options);
      const server = createServer({ requestTimeout: requestMs }, (request, response) => {
        answer(witness, request, response).catch(() => response.destroy());
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(Number(options.port), options.host, resolve);
      });
      process.stdout.write(`The witness listens on http://${options.host}:${options.port}; its key is ${key}\n`);
      await new Promise<void>((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
}

async function open({ logKey, name, folder }: Options): Promise<{ witness: Witness; key: string }> {
  const { Clock } = await import('#kernel');
  const { encodeVerifierKey, parseVerifierKey, signatureType, verifierKey, Witness } = await import('#ledger');
  try {
    const log = parseVerifierKey(logKey);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const privateKey = keyIn(folder);
    const key = encodeVerifierKey(verifierKey(name, privateKey, signatureType.cosignature));
    return { witness: new Witness({ name, privateKey, log, folder, clock: new Clock() }), key };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function keyIn(folder: string): KeyObject {
  const file = join(folder, 'witness.pem');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true });
  }
  return createPrivateKey(readFileSync(file));
}

async function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/add-checkpoint') {
    response.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxRequestBytes) {
      response.writeHead(413).end();
      return;
    }
    chunks.push(chunk as Buffer);
  }
  const { status, mediaType, body } = await witness.addCheckpoint(Buffer.concat(chunks).toString('utf8'));
  response.writeHead(status, { 'Content-Type': mediaType }).end(body);
}
