import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which members an account was ever linked to. `users.member_id` tells the present link alone, and who has given it up for an hour would be
 * a stranger to the own application. Accounts that were ever linked to one member belong to one person.
 */
export class MemberLinks1795421400000 implements MigrationInterface {
  name = 'MemberLinks1795421400000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- Without foreign keys: a link stays known when the account or the member was removed for good.
      CREATE TABLE IF NOT EXISTS member_links (
        user_id   integer NOT NULL,
        member_id integer NOT NULL,
        CONSTRAINT member_links_pkey PRIMARY KEY (user_id, member_id)
      );
      CREATE INDEX IF NOT EXISTS member_links_member_id_idx ON member_links (member_id);

      CREATE OR REPLACE FUNCTION member_linked() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        INSERT INTO member_links (user_id, member_id) VALUES (NEW.id, NEW.member_id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$;
      -- A migration before this one, in the same transaction, may have changed accounts.
      SET CONSTRAINTS ALL IMMEDIATE;
      CREATE OR REPLACE TRIGGER zz_member_linked AFTER INSERT OR UPDATE ON users
        FOR EACH ROW WHEN (NEW.member_id IS NOT NULL) EXECUTE FUNCTION member_linked();
      ALTER TABLE users ENABLE ALWAYS TRIGGER zz_member_linked;

      -- The accounts of the person whose account this is: itself, and each that was ever linked to a member of theirs.
      CREATE OR REPLACE FUNCTION person_accounts(account integer) RETURNS SETOF integer LANGUAGE sql STABLE
        SET search_path = ${schema}, pg_temp
      AS $$
        WITH RECURSIVE accounts (id) AS (
          SELECT account
          UNION
          SELECT o.user_id FROM accounts a JOIN member_links l ON l.user_id = a.id JOIN member_links o USING (member_id)
        )
        SELECT id FROM accounts
      $$;

      -- Links that are, and links that were: as far back as the entries in this database go.
      INSERT INTO member_links (user_id, member_id)
      SELECT id, member_id FROM users WHERE member_id IS NOT NULL
      UNION
      SELECT record_id, (v.row ->> 'member_id')::integer
      FROM audit_logs l CROSS JOIN LATERAL (VALUES (l.old_values), (l.new_values)) AS v (row)
      WHERE l.table_name = 'users' AND (l.old_values ? 'member_id' OR l.new_values ? 'member_id')
        AND v.row ->> 'member_id' IS NOT NULL
      ON CONFLICT DO NOTHING;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER IF EXISTS zz_member_linked ON users;
      DROP FUNCTION IF EXISTS member_linked;
      DROP FUNCTION IF EXISTS person_accounts;
      DROP TABLE IF EXISTS member_links;
    `);
  }
}
