import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { checkpointsOf } from './checkpoint';
import type { LogPart } from './database-source';
import { parseVerifierKey } from './note';
import { verifyPart, type PartVerdict } from './verify-part';

/** What a thread is given: its part, and the verifier keys of the log. */
export interface WorkOfThread {
  databaseUrl: string;
  part: LogPart;
  published: string | undefined;
  keys: readonly string[];
  /** Whether it leaves the processors to others most of the time. */
  isGentle: boolean;
}

/** What it says: now and then how far it has come, as a size of the tree, and at last what it found. */
export type WordOfThread = { leaves: number } | PartVerdict;

/** Time between two words about the progress, in ms. */
const progressMs = 100;
/** How long one that is gentle rests, in times as long as it worked. */
const restRatio = 4;

/** Runs in a thread of its own: verifies one part of the log. What it throws is an error of the thread. */
async function work({ databaseUrl, part, published, keys, isGentle }: WorkOfThread): Promise<void> {
  let saidAt = 0;
  let restedAt = performance.now();
  const say = (word: WordOfThread) => parentPort?.postMessage(word);
  const onProgress = async (leaves: number) => {
    if (isGentle) {
      await pause((performance.now() - restedAt) * restRatio);
      restedAt = performance.now();
    }
    if (performance.now() - saidAt < progressMs) return;
    saidAt = performance.now();
    say({ leaves });
  };
  const open = checkpointsOf(...keys.map(parseVerifierKey));
  say(await verifyPart(databaseUrl, part, { open, published, onProgress }));
}

void work(workerData as WorkOfThread);
