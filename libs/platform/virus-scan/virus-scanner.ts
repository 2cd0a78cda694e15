import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError, unavailable } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { Upload } from '#platform/http';
import { scan, type Verdict } from './clamd';
import { scans } from './virus-scan.metrics';

/** How long a probe may take, in ms. */
const probeMs = 1_000;

/** Has uploads scanned by clamd, where CLAMD_URL names one. Only clean ones get past it. */
@Injectable()
export class VirusScanner {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Calls `work` with a content once the whole of it was found clean, so that nothing holds a
   * connection or a lock while clamd is waited for. Without a scanner `work` gets it as it arrives.
   */
  async whenClean<T>(
    content: Readable,
    refused: DomainError['refused'],
    work: (clean: Readable) => Promise<T>,
  ): Promise<T> {
    if (!this.config.CLAMD_URL) return work(content);
    // clamd serves few at a time. No client that sends slowly keeps one of its threads.
    const upload = await Upload.receive(content, Infinity);
    try {
      await this.mustBeClean(upload, refused);
      return await work(upload.read());
    } finally {
      await upload.close();
    }
  }

  /**
   * Throws 422 for an infected file, on record as `refused` says; 413 for one that is beyond the
   * limits of clamd; 503 without an answer.
   */
  async mustBeClean(upload: Upload, refused: DomainError['refused']): Promise<void> {
    const { CLAMD_URL, CLAMD_TIMEOUT_SECONDS } = this.config;
    if (!CLAMD_URL) return;
    const verdict = await this.ask(CLAMD_URL, upload, CLAMD_TIMEOUT_SECONDS * 1_000);
    if (verdict.outcome === 'infected') {
      const detail = `The virus scanner has found ${verdict.signature}; nothing was stored.`;
      throw new DomainError('upload.infected', detail, { refused });
    }
    if (verdict.outcome === 'too-large') {
      throw new DomainError(
        'request.too-large',
        'The virus scanner does not look into a file as large as this one; nothing was stored.',
      );
    }
  }

  /** Why uploads are refused now; undefined where they are scanned, or need not be. */
  async fault(): Promise<string | undefined> {
    const { CLAMD_URL } = this.config;
    if (!CLAMD_URL) return undefined;
    try {
      const { outcome } = await scan(CLAMD_URL, probe(), probeMs);
      return outcome === 'clean' ? undefined : `clamd finds a probe ${outcome}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private async ask(url: string, upload: Upload, timeoutMs: number): Promise<Verdict> {
    try {
      const verdict = await scan(url, upload.read(), timeoutMs);
      scans.inc({ outcome: verdict.outcome });
      return verdict;
    } catch (error) {
      scans.inc({ outcome: 'failed' });
      throw unavailable('service.unavailable', 'The virus scanner does not answer; nothing was stored.', error);
    }
  }
}

/** A file like any other, so clamd has to take it, to scan it and to answer. */
async function* probe(): AsyncGenerator<Buffer> {
  yield Buffer.from('ip2a');
}
