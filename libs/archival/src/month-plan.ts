import type { EntryPlace } from '#audit';
import { isOwnSeal, type Query } from '#ledger';
import { archivesWhere, type ArchiveRow } from './archive-rows';
import { monthOf, type Month } from './calendar';
import type { ArchiveFormat } from './entry-file';

/** What PostgreSQL takes for a row beside what an object takes for the entry, roughly: for estimates before anything is written. */
const shrinkage = 8;

/** A month whose time has come, and why it is left all the same; or in which parts it leaves. */
export interface MonthPlan {
  month: Month;
  /** Why it is left; undefined where it is archived. */
  left?: string;
  parts: PartPlan[];
}

export interface PartPlan {
  objectKey: string;
  after: EntryPlace;
  through: EntryPlace;
  entries: number;
  /** Of the object; a guess until it is written. */
  bytes: number;
  /** The part's row, where an earlier run has made it. */
  row?: ArchiveRow;
}

const beginning: EntryPlace = { txid: '0', id: '0' };
const endings: Record<ArchiveFormat, string> = {
  parquet: 'parquet',
  'jsonl-zstd': 'jsonl.zst',
  'jsonl-gzip': 'jsonl.gz',
};

/** The months of the ledger that have a partition and ended by an instant, oldest first. */
export async function monthsUntil(query: Query, instant: Date): Promise<Month[]> {
  const rows = await query<{ day: string }>(
    `SELECT replace(substr(c.relname, 12), '_', '-') AS day FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'audit_logs'::regclass AND c.relname ~ '^audit_logs_\\d{4}_\\d{2}$' ORDER BY 1`,
  );
  return rows.map(({ day }) => monthOf(day)).filter(({ end }) => end <= instant);
}

/**
 * How a month leaves; undefined for one without entries: what an interrupted run has begun goes on as it was begun. What was not sealed stays, and keeps its month where that is
 * over; an object is at most about `maxBytes` large.
 */
export async function planMonth(
  query: Query,
  month: Month,
  { format, maxBytes, now }: { format: ArchiveFormat; maxBytes: number; now: Date },
): Promise<MonthPlan | undefined> {
  const begun = await archivesWhere(query, `month = $1 AND state IN ('exporting', 'stored')`, [month.first]);
  const [held] = await query<{ entries: number; bytes: number }>(
    `SELECT (SELECT count(*)::float8 FROM audit_logs WHERE ${inMonth(month)}) AS entries,
       pg_table_size($1)::float8 AS bytes`,
    [`audit_logs_${month.first.slice(0, 7).replace('-', '_')}`],
  );
  const { entries, bytes } = held as { entries: number; bytes: number };
  if (begun.length > 0) {
    const parts: PartPlan[] = [];
    for (const row of begun) {
      const own = row.state === 'stored' ? row.entries : await countEntries(query, month, row);
      const size = row.state === 'stored' ? row.bytes : Math.round((own / Math.max(1, entries)) * (bytes / shrinkage));
      parts.push({ objectKey: row.objectKey, after: row.after, through: row.through, row, entries: own, bytes: size });
    }
    return { month, parts };
  }
  if (entries === 0) return undefined;
  const sealed = await lastSealed(query, month);
  if (!sealed.through) return { month, left: 'nothing of it is sealed', parts: [] };
  if (sealed.unsealed > 0 && month.end <= now) {
    return { month, left: `${sealed.unsealed} of its entries are not sealed`, parts: [] };
  }
  const estimate = Math.round(bytes / shrinkage);
  const wanted = Math.max(1, Math.ceil(estimate / maxBytes));
  const bounds = await boundsOf(query, month, { through: sealed.through, entries: entries - sealed.unsealed, wanted });
  const parts: PartPlan[] = [];
  for (const [index, through] of bounds.entries()) {
    const range = { after: bounds[index - 1] ?? beginning, through };
    const name = `entries/${month.first.slice(0, 4)}/audit_logs-${month.first.slice(0, 7)}.${through.txid}-${through.id}.${endings[format]}`;
    const within = await countEntries(query, month, range);
    parts.push({ ...range, objectKey: name, entries: within, bytes: Math.round((within / entries) * estimate) });
  }
  return { month, parts };
}

/** The condition of a month's entries, with which PostgreSQL looks into its partition alone. */
export function inMonth({ start, end }: Month): string {
  return `changed_at >= '${start.toISOString()}' AND changed_at < '${end.toISOString()}'`;
}

/** The condition of entries in a range of the log. Its numbers come from the database. */
export function inRange({ after, through }: { after: EntryPlace; through: EntryPlace }): string {
  for (const number of [after.txid, after.id, through.txid, through.id]) {
    if (!/^\d+$/.test(number)) throw new Error('Not a number.');
  }
  return `(txid, id) > ('${after.txid}'::xid8, ${after.id}) AND (txid, id) <= ('${through.txid}'::xid8, ${through.id})`;
}

/** How many entries a range has in PostgreSQL. */
export async function countEntries(
  query: Query,
  month: Month,
  range: { after: EntryPlace; through: EntryPlace },
): Promise<number> {
  const [row] = await query<{ entries: number }>(
    `SELECT count(*)::float8 AS entries FROM audit_logs WHERE ${inMonth(month)} AND ${inRange(range)}`,
  );
  return row?.entries ?? 0;
}

/** The last sealed entry of the month, and how many come after it. */
async function lastSealed(query: Query, month: Month): Promise<{ through?: EntryPlace; unsealed: number }> {
  const last = `(SELECT last_txid, last_id FROM audit_seals WHERE ${isOwnSeal} ORDER BY seq DESC LIMIT 1)`;
  const [through] = await query<EntryPlace>(
    `SELECT txid::text AS txid, id::text AS id FROM audit_logs WHERE ${inMonth(month)} AND (txid, id) <= ${last}
     ORDER BY audit_logs.txid DESC, audit_logs.id DESC LIMIT 1`,
  );
  const [rest] = await query<{ entries: number }>(
    `SELECT count(*)::float8 AS entries FROM audit_logs WHERE ${inMonth(month)} AND (txid, id) > ${last}`,
  );
  return { through, unsealed: rest?.entries ?? 0 };
}

/** Which tables a month's entries are about, and who caused them; null for none. */
export async function concernsOf(
  query: Query,
  month: Month,
): Promise<{ tables: (string | null)[]; actors: (number | null)[] }> {
  const [row] = await query<{ tables: (string | null)[] | null; actors: (number | null)[] | null }>(
    `SELECT array_agg(DISTINCT table_name) AS tables, array_agg(DISTINCT changed_by) AS actors
     FROM audit_logs WHERE ${inMonth(month)}`,
  );
  return { tables: row?.tables ?? [], actors: row?.actors ?? [] };
}

async function boundsOf(
  query: Query,
  month: Month,
  { through, entries, wanted }: { through: EntryPlace; entries: number; wanted: number },
): Promise<EntryPlace[]> {
  const bounds: EntryPlace[] = [];
  for (let part = 1; part < wanted; part += 1) {
    const [place] = await query<EntryPlace>(
      `SELECT txid::text AS txid, id::text AS id FROM audit_logs WHERE ${inMonth(month)}
       ORDER BY audit_logs.txid, audit_logs.id OFFSET ${Math.floor((part * entries) / wanted) - 1} LIMIT 1`,
    );
    if (place) bounds.push(place);
  }
  return [...bounds, through];
}
