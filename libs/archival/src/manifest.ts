import { Readable } from 'node:stream';
import type { LedgerKey } from '#ledger';
import { ObjectExistsError, type ObjectStore } from '#platform/object-store';
import type { ArchiveFormat } from './entry-file';

/** The first line of a manifest, and of a certificate of destruction; no checkpoint begins like them. */
const manifestKind = 'ip2a-archive/1';
const certificateKind = 'ip2a-destruction/1';

/** What the signed note beside an object says of it: enough to check it, and its place in the log, with neither database nor service. */
export interface Manifest {
  objectKey: string;
  /** `YYYY-MM`. */
  month: string;
  format: ArchiveFormat;
  entries: number;
  bytes: number;
  sha256: string;
  /** Of an RFC 6962 tree over the leaf hashes of its entries in the order of the log, in hexadecimal digits. */
  root: string;
  /** Where its entries stand in the log: the first place and how many, for each run. */
  leaves: [start: number, count: number][];
  firstChangedAt: string;
  lastChangedAt: string;
  lowestId: string;
  highestId: string;
  /** Entries by table; those about no table under "". */
  tables: Record<string, number>;
  /** By column: how many values, and the sum of the lower halves of their MD5 (DuckDB's md5_number_lower). */
  columns: Record<string, string>;
  retainUntil: string;
  storedAt: string;
}

/** What is left of an object that was destroyed. Its leaves stay in the log, so that what is left of that can still be verified. */
export interface Certificate extends Pick<Manifest, 'objectKey' | 'month' | 'entries' | 'sha256' | 'root' | 'leaves'> {
  destroyedAt: string;
  retainedUntil: string;
  /** The policy that decided. */
  policy: string;
  /** When it was made sure that no legal hold applies. */
  holdsCheckedAt: string;
  by: string;
  /** Set where the day was one that `--as-of` named, and the real one was too early. */
  rehearsal?: true;
}

/** How a certificate contradicts itself: what it says was destroyed had to be kept. */
export function contradictionIn({ objectKey, destroyedAt, retainedUntil, rehearsal }: Certificate): string | undefined {
  if (rehearsal || retainedUntil <= destroyedAt.slice(0, 10)) return undefined;
  return `The certificate of ${objectKey} says that it was destroyed on ${destroyedAt}, and to be retained until ${retainedUntil}.`;
}

/** The tables that its entries are about; null stands for none. */
export const tablesOf = ({ tables }: Manifest) => Object.keys(tables).map((table) => table || null);

export const signManifest = (key: LedgerKey, manifest: Manifest) => sign(key, manifestKind, manifest);
export const signCertificate = (key: LedgerKey, certificate: Certificate) => sign(key, certificateKind, certificate);

/** The manifest, if the log's key signed it; undefined otherwise. */
export function openManifest(key: LedgerKey, signed: string): Manifest | undefined {
  return open(key, manifestKind, signed) as Manifest | undefined;
}

export function openCertificate(key: LedgerKey, signed: string): Certificate | undefined {
  return open(key, certificateKind, signed) as Certificate | undefined;
}

/** Stores a note that an interrupted run may have stored before, with another time in it: each has a key of its own. */
export async function storeNote(store: ObjectStore, name: string, content: string): Promise<void> {
  for (let number = 1; ; number += 1) {
    try {
      const key = number === 1 ? name : `${name}-${number}`;
      await store.put(key, Readable.from([Buffer.from(content)]), { mediaType: 'text/plain' });
      return;
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) throw error;
    }
  }
}

function sign(key: LedgerKey, kind: string, content: object): string {
  return key.signNote(`${kind}\n${JSON.stringify(content)}\n`);
}

function open(key: LedgerKey, kind: string, signed: string): unknown {
  const [first, content = ''] = key.openNote(signed)?.split('\n') ?? [];
  return first === kind ? JSON.parse(content) : undefined;
}
