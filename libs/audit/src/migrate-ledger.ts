import { ConfigError } from '#platform/config';
import { migrate, type MigrationUrls, pendingMigrations, roleOf } from '#platform/database';
import { Client } from '#platform/sessions';
import { weaknessesOf } from './weaknesses';

/** Migrates, grants, and answers what is weaker than promised all the same, in sentences for an operator. */
export async function migrateLedger(urls: MigrationUrls, log?: (line: string) => void): Promise<string[]> {
  await migrate(urls, log);
  return weaknessesSeenBy(urls.ownerUrl, urls.applicationUrl);
}

/** For a program that serves a schema which others have migrated: refuses one that lacks a migration. */
export async function acceptLedger({ applicationUrl }: { applicationUrl: string }): Promise<string[]> {
  const [pending] = await pendingMigrations(applicationUrl);
  if (pending !== undefined) {
    throw new ConfigError(
      'DATABASE_OWNER_URL',
      `is not set, and the database lacks ${pending}: run "ip2a migrate" first`,
    );
  }
  return weaknessesSeenBy(applicationUrl, applicationUrl);
}

async function weaknessesSeenBy(url: string, applicationUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const ask = async (sql: string, values: unknown[]) => (await client.query<{ weakness: string }>(sql, values)).rows;
    return await weaknessesOf(ask, roleOf(applicationUrl));
  } finally {
    await client.end();
  }
}
