import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemActor } from '#access';
import { entities } from '#app';
import { Clock } from '#kernel';
import { LedgerKey, OwnSeals, PublishedLog, SealerService, verifyInThreads } from '#ledger';
import type { Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { Database, migrate } from '#platform/database';
import { startEmbeddedPostgres } from '#platform/embedded-postgres';
import { openObjectStore } from '#platform/object-store';
import { seedStress } from '#stress';
import type { Cleanup } from './cleanup';
import { compareRates, type Result } from './report';

const context = () =>
  new RequestContext({
    source: 'cli',
    requestId: randomUUID(),
    route: 'stress:seed',
    actor: systemActor('stress:seed'),
  });

/**
 * The ledger of the stress data set verified by as many threads as there are processors (ours) and by one (bare), in turns: entries
 * per second.
 */
export async function raceVerifications(
  scale: number,
  rounds: number,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-bench-verify-'));
  cleanup.defer(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), mode: 'own' });
  cleanup.defer(() => postgres.stop());
  const { ownerUrl, applicationUrl: databaseUrl } = postgres;
  await migrate({ ownerUrl, applicationUrl: databaseUrl });
  const database = await Database.connect({ databaseUrl, DATABASE_POOL_SIZE: 2 }, entities);
  await seedStress(context(), database, ownerUrl, { seed: 42, scale });
  await database.onApplicationShutdown();
  const key = writeKey(folder);
  const sealed = await sealAll({ databaseUrl, dataFolder: folder } as Config, key);
  log(`verify: ${sealed.toLocaleString('en')} entries sealed`);

  const verify = async (threads: number) => {
    const begun = performance.now();
    const options = { open: key.open, keys: key.verifiers, threads };
    const { verdict } = await verifyInThreads(databaseUrl, {}, options);
    if (!verdict.valid || verdict.entriesCompared !== sealed) throw new Error(JSON.stringify(verdict));
    return sealed / ((performance.now() - begun) / 1_000);
  };
  const threads = availableParallelism();
  const pairs: { ours: number; bare: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const pair = { bare: await verify(0), ours: await verify(threads) };
    if (round > 0) pairs.push(pair);
    const label = round > 0 ? `round ${round} of ${rounds}` : 'warm-up';
    log(
      `verify, ${label}: one thread ${Math.round(pair.bare)}/s, ${threads} threads ${Math.round(pair.ours)}/s, ratio ${(pair.ours / pair.bare).toFixed(3)}`,
    );
  }
  return compareRates(pairs);
}

function writeKey(folder: string): LedgerKey {
  const file = join(folder, 'ledger.pem');
  writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return new LedgerKey({ LEDGER_ORIGIN: 'ip2a/bench', LEDGER_PRIVATE_KEY_FILE: file });
}

/** Seals until nothing is left. Returns how many entries are in the tree. */
async function sealAll(config: Config, key: LedgerKey): Promise<number> {
  const store = await openObjectStore('ARCHIVE_URL', `file:${join(config.dataFolder, 'archive')}`, config);
  const [log, clock] = [new PublishedLog(store), new Clock()];
  const sealer = new SealerService(config, key, log, clock, new OwnSeals(config, key, log, clock));
  let size = 0;
  for (let made = await sealer.sealOnce(); made > 0; made = await sealer.sealOnce()) size += made;
  await sealer.beforeApplicationShutdown();
  return size;
}
