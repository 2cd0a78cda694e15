import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import { openObjectStore } from '#platform/object-store';
import type { LogPart } from './database-source';
import type { LogVerdict } from './ledger.dto';
import { LedgerKey } from './ledger-key';
import { verifyInThreads, type ThreadOptions } from './parallel-verification';
import { PublishedLog } from './published-log';
import { sealNext, type NewSeal } from './sealing';
import { latestSeal, queryOn, tilesFrom } from './seals';

/** Threads run what `npm run build` has made. */
export const workerFile = join(__dirname, '../../../dist/libs/ledger/src/verification-worker.js');

/** A log of a test: a database with its key and a folder for what is published. Entries are sealed when the test says so. */
export class TestLog {
  readonly pool: Pool;
  private publishedSize = 0;

  private constructor(
    readonly url: string,
    readonly key: LedgerKey,
    readonly privateKey: KeyObject,
    readonly published: PublishedLog,
    private readonly folder: string,
  ) {
    this.pool = new Pool({ connectionString: url, max: 2 });
  }

  static async open(url: string): Promise<TestLog> {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-log-'));
    const file = join(folder, 'ledger.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const key = new LedgerKey({ LEDGER_ORIGIN: 'ip2a/test', LEDGER_PRIVATE_KEY_FILE: file });
    const settings = { dataFolder: folder, S3_FORCE_PATH_STYLE: false };
    const store = await openObjectStore('ARCHIVE_URL', `file:${join(folder, 'archive')}`, settings);
    return new TestLog(url, key, privateKey, new PublishedLog(store), folder);
  }

  /** Seals all that is committed: other databases of the server may have transactions that hold it up for a while. */
  async seal(): Promise<NewSeal | undefined> {
    await this.othersAreOver();
    const client = await this.pool.connect();
    try {
      return await sealNext(client, this.key, await latestSeal(queryOn(client)));
    } finally {
      client.release();
    }
  }

  private async othersAreOver(): Promise<void> {
    const isOver = async () => {
      const { rows } = await this.pool.query<{ isOver: boolean }>(
        `SELECT coalesce(max(txid) < pg_snapshot_xmin(pg_current_snapshot()), true) AS "isOver" FROM audit_logs`,
      );
      return rows[0]?.isOver;
    };
    while (!(await isOver())) await sleep(20);
  }

  async publish(seal: NewSeal): Promise<void> {
    await this.published.putTiles(this.publishedSize, seal.size, tilesFrom(queryOn(this.pool)));
    await this.published.putCheckpoint({ seq: seal.seq, sealedAt: seal.sealedAt, signed: seal.checkpoint });
    this.publishedSize = seal.size;
  }

  /** In the caller's thread, in one, or in several that have so many leaves at least. */
  async verify(
    part: LogPart = {},
    { threads = 0, leastLeaves, isGentle }: Partial<ThreadOptions> = {},
  ): Promise<LogVerdict> {
    const published = (await this.published.latest(new Date()))?.signed;
    const { verdict } = await verifyInThreads(this.url, part, {
      ...{ open: this.key.open, keys: this.key.verifiers, threads, leastLeaves, isGentle, published, workerFile },
      publishedTile: (tile) => this.published.tile(tile),
    });
    return verdict;
  }

  async close(): Promise<void> {
    await this.pool.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
