import { isCold, type ObjectFacts, type PutOptions, type RestoreOptions, type StorageClass } from './object-store';

const dayMs = 86_400_000;

/** What a folder keeps of an object, as JSON in a file beside it. */
export interface KeptFacts {
  size: number;
  sha256: string;
  mediaType: string;
  /** Absent in what was put before there were classes. */
  storageClass?: StorageClass;
  lockedUntil?: string;
  facts?: Record<string, string>;
  restore?: { readyAt: string; readableUntil: string };
}

export function toKept(
  content: Pick<ObjectFacts, 'size' | 'sha256'>,
  { mediaType, storageClass = 'STANDARD', lockedUntil, facts }: PutOptions,
): KeptFacts {
  return { ...content, mediaType, storageClass, lockedUntil: lockedUntil?.toISOString(), facts };
}

export function toFacts(kept: KeptFacts, now: Date): ObjectFacts {
  const { size, sha256, mediaType, storageClass = 'STANDARD', lockedUntil, facts } = kept;
  const restore = restoreOf(kept, now);
  return {
    ...{ size, sha256, mediaType, storageClass },
    ...(lockedUntil && { lockedUntil: new Date(lockedUntil) }),
    ...(facts && { facts }),
    ...(restore && { restore }),
  };
}

export function isLocked({ lockedUntil }: KeptFacts, now: Date): boolean {
  return lockedUntil !== undefined && new Date(lockedUntil) > now;
}

export function isReadable(kept: KeptFacts, now: Date): boolean {
  return !isCold(kept.storageClass ?? 'STANDARD') || restoreOf(kept, now)?.ongoing === false;
}

/** With a copy asked for now, ready `restoreMs` later; a copy that is there or being made is not made anew, but kept longer. */
export function withRestore(kept: KeptFacts, now: Date, { days }: RestoreOptions, restoreMs: number): KeptFacts {
  const readyAt = restoreOf(kept, now) ? kept.restore?.readyAt : undefined;
  const ready = readyAt ? new Date(readyAt) : new Date(now.getTime() + restoreMs);
  const from = Math.max(ready.getTime(), now.getTime());
  return {
    ...kept,
    restore: { readyAt: ready.toISOString(), readableUntil: new Date(from + days * dayMs).toISOString() },
  };
}

function restoreOf({ storageClass, restore }: KeptFacts, now: Date): ObjectFacts['restore'] {
  if (!restore || !isCold(storageClass ?? 'STANDARD')) return undefined;
  const readableUntil = new Date(restore.readableUntil);
  if (readableUntil <= now) return undefined;
  return new Date(restore.readyAt) > now ? { ongoing: true } : { ongoing: false, readableUntil };
}
