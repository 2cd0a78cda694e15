import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Entries hold digests of secrets, so that a secret which somebody exchanged without an entry differs from its last one. */
export class DigestsOfSecrets1795421710000 implements MigrationInterface {
  name = 'DigestsOfSecrets1795421710000';

  async up(runner: QueryRunner): Promise<void> {
    await mask(runner, `'[redacted] sha256:' || left(encode(sha256(convert_to(shown ->> secret, 'UTF8')), 'hex'), 32)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await mask(runner, `'[redacted]'::text`);
  }
}

/** The function that entries pass, with what stands in the place of a secret. */
async function mask(runner: QueryRunner, instead: string): Promise<void> {
  const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
  await runner.query(`
    CREATE OR REPLACE FUNCTION audit_mask(shown jsonb, secrets text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
      SET search_path = ${schema}, pg_temp AS $$
      SELECT shown || coalesce((SELECT jsonb_object_agg(secret, ${instead}) FROM unnest(secrets) AS secret
        WHERE shown -> secret <> 'null'), '{}')
    $$`);
}
