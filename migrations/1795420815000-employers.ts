import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is named as an employer is one, and stays one: from either side, whoever writes, and when both write at once. */
export class Employers1795420815000 implements MigrationInterface {
  name = 'Employers1795420815000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- TG_ARGV[0] is the column that names the employer. The organization is held, so that it stays one until the commit.
      CREATE FUNCTION must_name_employer() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
      DECLARE
        type text;
      BEGIN
        SELECT org_type INTO type FROM organizations WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::integer FOR SHARE;
        IF type <> 'employer' THEN
          RAISE EXCEPTION '% of % must name an employer', TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'check_violation',
            CONSTRAINT = TG_TABLE_NAME || '_employer_check', TABLE = TG_TABLE_NAME;
        END IF;
        RETURN NEW;
      END $$;

      CREATE TRIGGER names_employer BEFORE INSERT OR UPDATE OF employer_id, deleted_at ON grievances
        FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION must_name_employer('employer_id');
      CREATE TRIGGER names_employer BEFORE INSERT OR UPDATE OF organization_id, deleted_at ON salting_activities
        FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION must_name_employer('organization_id');

      -- The row is locked before the trigger runs, so it sees what others committed while it waited.
      CREATE FUNCTION must_stay_employer() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        IF EXISTS (SELECT FROM grievances WHERE employer_id = OLD.id AND deleted_at IS NULL)
          OR EXISTS (SELECT FROM salting_activities WHERE organization_id = OLD.id AND deleted_at IS NULL) THEN
          RAISE EXCEPTION 'Other records name this organization as an employer; it stays one while they do.'
            USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
      END $$;

      CREATE TRIGGER stays_employer BEFORE UPDATE OF org_type ON organizations FOR EACH ROW
        WHEN (OLD.org_type = 'employer' AND NEW.org_type <> 'employer') EXECUTE FUNCTION must_stay_employer();

      ALTER TABLE grievances ENABLE ALWAYS TRIGGER names_employer;
      ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER names_employer;
      ALTER TABLE organizations ENABLE ALWAYS TRIGGER stays_employer;
    `);
  }

  async down(): Promise<void> {
    throw new Error('Records are not taken down.');
  }
}
