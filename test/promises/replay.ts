import { readEntries, redactedAs } from '../support/ledger';
import type { TestDatabase } from '../support/database';

type Row = Record<string, unknown>;

/** Columns of which entries hold digests. */
const secrets = ['password_hash', 'token_hash'];

/**
 * Tells the ledger's story from the beginning and compares its end with the rows: what it says of every record, and which
 * entry changed it last, is what the tables hold, and they hold nothing that it does not tell (P1, both ways).
 */
export async function expectLedgerToTellTheRows(database: TestDatabase): Promise<void> {
  expect(await told(database)).toEqual(await held(database));
}

async function told(database: TestDatabase): Promise<Record<string, Row>> {
  const story: Record<string, Row> = {};
  const entries = await readEntries(database);
  for (const { id, action, tableName, recordId, oldValues, newValues, changedFields } of entries) {
    const key = `${tableName} ${recordId}`;
    if (action === 'CREATE') {
      expect([key, story[key]]).toEqual([key, undefined]);
      story[key] = { ...newValues, lastEntry: id };
    } else if (action === 'DELETE' && !newValues) {
      expect({ ...oldValues, lastEntry: story[key]?.['lastEntry'] }).toEqual(story[key]);
      delete story[key];
    } else if (['UPDATE', 'DELETE', 'RESTORE'].includes(action)) {
      expect([id, Object.keys(newValues!).sort()]).toEqual([id, changedFields]);
      expect([id, oldValues]).toEqual([
        id,
        Object.fromEntries(changedFields!.map((field) => [field, story[key]?.[field]])),
      ]);
      story[key] = { ...story[key], ...newValues, lastEntry: id };
    }
  }
  return story;
}

async function held(database: TestDatabase): Promise<Record<string, Row>> {
  const rows: Record<string, Row> = {};
  const tables = await database.query<{ table: string }>(
    `SELECT table_name AS table FROM information_schema.columns WHERE column_name = 'audit_ref' AND table_schema = 'public'`,
  );
  for (const { table } of tables) {
    for (const { row } of await database.query<{ row: Row }>(`SELECT to_jsonb(t) AS row FROM ${table} t`)) {
      const { audit_ref: lastEntry, updated_at: _, ...fields } = row;
      const shown = Object.entries(fields).map(([name, value]) => [
        name,
        secrets.includes(name) ? redactedAs(String(value)) : value,
      ]);
      rows[`${table} ${String(row['id'])}`] = { ...Object.fromEntries(shown), lastEntry };
    }
  }
  return rows;
}
