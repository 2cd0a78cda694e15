import type { EntityMetadata } from 'typeorm';
import { entities } from '#app';
import { type AuditDecision, auditDecision } from '#audit';
import { Database } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { sourcesIn } from '../support/sources';

/** Tables that no audited entity stands for, each with its reason. One that is gone, or is audited now, must go. */
const unauditedTables: Record<string, string> = {
  audit_logs: 'the ledger itself: it is protected by grants and by triggers that refuse, see below',
  migrations: 'TypeORM keeps it while migrating, as the owner; the application may not touch it',
  audit_seals: 'part of the ledger itself: checkpoints, append-only like entries',
  audit_tree_nodes: 'likewise: hashes of its tree',
  audit_cosignatures: 'likewise: what witnesses signed',
  idempotency_keys: 'hashes and ids of requests whose effects are on record, kept for a day',
  imports: 'counts and faults of imports whose effects are on record',
  export_leases: 'says that somebody has an export under way; each export is on record itself',
  account_versions: 'counts changes that are on record themselves; it holds numbers alone',
  registration_guesses: 'counts wrong dates of birth, each of which is on record itself',
  login_guesses: 'counts wrong passwords and codes, each of which is on record itself',
  member_links: 'keeps which members an account was linked to; each link is on record with its account',
};

/** Triggers of audited tables beside those of audit_watch, each with its reason. One that is gone must go. */
const furtherTriggers: Record<string, string> = {
  zz_account_changed: 'makes a new version of an account that may do something else',
  names_employer: 'an organization that is named as an employer is one',
  stays_employer: 'likewise, seen from the organization',
  hold_stays: 'a legal hold is never deleted',
  released_hold_stays: 'likewise, one that was released is never changed',
  zz_member_linked: 'keeps that an account was linked to a member',
  zz_account_removed: 'likewise, where a row is deleted behind the API’s back',
};

/**
 * Sources that write to audited tables by SQL text, each with its reason. One that does so no more
 * must go.
 */
const textWriters: Record<string, string> = {
  'libs/auth/src/load-accounts.service.ts': 'bulk: the accounts of a load',
  'libs/auth/src/sessions.service.ts': 'bulk: their sessions',
  'libs/records/src/bulk-records.ts': 'bulk: the rows of an import',
  'libs/records/src/purge.ts': 'bulk: rows that have expired',
  'libs/stress/src/defects.ts': 'bulk: the defects of the stress data set',
};

let database: TestDatabase;
let connected: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  connected = await Database.connect({ databaseUrl: database.ownerUrl, DATABASE_POOL_SIZE: 3 }, entities);
});

afterAll(async () => {
  await connected.onApplicationShutdown();
  await database.drop();
});

describe('every entity', () => {
  it('is on the record', () => {
    const unaudited = entities.filter((entity) => !auditDecision(entity));
    expect(unaudited.map((entity) => `${entity.name} lacks @Audited({ … })`)).toEqual([]);
  });

  it('names existing properties in its decision', () => {
    const misnamed = audited().flatMap(({ metadata, decision }) =>
      [...(decision.secrets ?? []), ...Object.keys(decision.restricted ?? {})]
        .filter((property) => !metadata.findColumnWithPropertyName(property))
        .map((property) => `${metadata.name} has no property ${property}`),
    );
    expect(misnamed).toEqual([]);
  });
});

describe('every write', () => {
  it('goes through TypeORM, or says why not', () => {
    const tables = audited().map(({ metadata }) => metadata.tableName);
    const write = new RegExp(`\\b(?:INSERT INTO|UPDATE|DELETE FROM) (?:(?:${tables.join('|')})\\b|\\$\\{)`);
    const found = sourcesIn('libs', 'apps').filter(({ path, text }) => !path.endsWith('.spec.ts') && write.test(text));
    expect(found.map(({ path }) => path).sort()).toEqual(Object.keys(textWriters).sort());
  });
});

describe('every table', () => {
  it('belongs to an audited entity, or says why not', async () => {
    const tables = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition ORDER BY 1`,
    );
    const ofEntities = audited().map(({ metadata }) => metadata.tableName);
    const unexplained = tables
      .map(({ name }) => name)
      .filter((name) => !ofEntities.includes(name) && !(name in unauditedTables));
    expect(unexplained).toEqual([]);
    const needless = Object.keys(unauditedTables).filter(
      (name) => ofEntities.includes(name) || tables.every((table) => table.name !== name),
    );
    expect(needless).toEqual([]);
  });
});

describe('the table of every audited entity', () => {
  it('has the five triggers of audit_watch, which fire whoever asks, and keeps the same secrets as its entity', async () => {
    for (const { metadata, decision } of audited()) {
      const secrets = (decision.secrets ?? []).map((name) => metadata.findColumnWithPropertyName(name)?.databaseName);
      expect([metadata.tableName, await triggersOf(metadata.tableName)]).toEqual([
        metadata.tableName,
        watched(metadata.tableName, secrets.join(',')),
      ]);
    }
  });

  it('has no other trigger than those with a reason', async () => {
    const triggers = await database.query<{ name: string }>(
      `SELECT DISTINCT tgname::text AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE NOT tgisinternal AND c.relname = ANY ($1) AND tgname NOT LIKE '%audit\\_%' ORDER BY 1`,
      [audited().map(({ metadata }) => metadata.tableName)],
    );
    expect(triggers.map(({ name }) => name)).toEqual(Object.keys(furtherTriggers).sort());
  });

  it('has no trigger that could change a row after it got the number of its entry', async () => {
    const late = await database.query(
      `SELECT tgrelid::regclass::text AS "table", tgname AS trigger FROM pg_trigger
       WHERE NOT tgisinternal AND tgtype & 3 = 3 AND tgname > 'zz_audit_touch'`,
    );
    expect(late).toEqual([]);
  });
});

describe('the ledger', () => {
  it('refuses change and truncation in every partition, whoever asks', async () => {
    const partitions = await database.query<{ name: string; triggers: string[] }>(
      `SELECT c.relname AS name, array_agg(t.tgname || ' ' || t.tgenabled::text ORDER BY t.tgname)::text[] AS triggers
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid LEFT JOIN pg_trigger t ON t.tgrelid = c.oid
       WHERE i.inhparent = 'audit_logs'::regclass GROUP BY c.relname`,
    );
    expect(partitions.length).toBeGreaterThan(1);
    const refusals = ['audit_logs_refuse_change A', 'audit_logs_refuse_truncate A'];
    expect(partitions.filter(({ triggers }) => triggers.join() !== refusals.join())).toEqual([]);
  });

  it('lets the application read it, and write it by functions alone', async () => {
    const grants = await database.query<{ name: string; privilege: string }>(
      `SELECT c.relname AS name, g.privilege_type AS privilege
       FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS g
       WHERE c.relname ~ '^(audit_(logs|seals|tree_nodes|cosignatures)|disowned_seals)' AND g.grantee <> c.relowner
       UNION ALL SELECT p.proname, g.privilege_type FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) AS g
       WHERE p.prosecdef AND g.grantee <> p.proowner ORDER BY 1, 2`,
    );
    expect(grants.map(({ name, privilege }) => `${privilege} ${name}`)).toEqual([
      'EXECUTE audit_append',
      'EXECUTE audit_cosign',
      'SELECT audit_cosignatures',
      'SELECT audit_logs',
      'SELECT audit_logs_id_seq',
      'EXECUTE audit_seal',
      'SELECT audit_seals',
      'SELECT audit_tree_nodes',
      'SELECT disowned_seals',
      'SELECT disowned_seals_id_seq',
    ]);
  });
});

function audited(): { metadata: EntityMetadata; decision: AuditDecision }[] {
  return entities.flatMap((entity) => {
    const decision = auditDecision(entity);
    return decision ? [{ metadata: connected.dataSource.getMetadata(entity), decision }] : [];
  });
}

async function triggersOf(table: string): Promise<string[]> {
  const triggers = await database.query<{ definition: string }>(
    `SELECT tgenabled::text || ': ' || pg_get_triggerdef(oid, true) AS definition FROM pg_trigger
     WHERE tgrelid = $1::regclass AND NOT tgisinternal AND tgname LIKE '%audit\\_%' ORDER BY tgname COLLATE "C"`,
    [table],
  );
  return triggers.map(({ definition }) => definition);
}

/** What audit_watch does, as PostgreSQL describes it. "A" is ENABLE ALWAYS: replicas and repairs are captured, too. */
function watched(table: string, secrets: string): string[] {
  const capture = `EXECUTE FUNCTION audit_capture('{${secrets}}')`;
  return [
    `audit_capture_delete AFTER DELETE ON ${table} FOR EACH ROW ${capture}`,
    `audit_capture_insert AFTER INSERT ON ${table} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT ${capture}`,
    `audit_capture_update AFTER UPDATE ON ${table} FOR EACH ROW ${capture}`,
    `audit_refuse_truncate BEFORE TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
    `zz_audit_touch BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION audit_touch()`,
  ].map((trigger) => `A: CREATE TRIGGER ${trigger}`);
}
