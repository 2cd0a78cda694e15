import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Numbers are unique in any case, as they are looked up. Rows that have one number in several cases are named and left as
 * they are: which of them keeps it is for the office to say.
 */
export class NumbersInAnyCase1795421721000 implements MigrationInterface {
  name = 'NumbersInAnyCase1795421721000';

  async up(runner: QueryRunner): Promise<void> {
    await refuseDuplicates(runner, 'members', 'member_number');
    await refuseDuplicates(runner, 'students', 'student_number');
    await runner.query(`
      CREATE UNIQUE INDEX IF NOT EXISTS members_number_in_any_case_key ON members (lower(member_number COLLATE "C"));
      CREATE UNIQUE INDEX IF NOT EXISTS students_number_in_any_case_key ON students (lower(student_number COLLATE "C"));
      DROP INDEX IF EXISTS members_member_number_search_idx;
      CREATE INDEX members_member_number_search_idx
        ON members ((lower(member_number COLLATE "C")) COLLATE "C", id) WHERE deleted_at IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX IF EXISTS members_number_in_any_case_key, students_number_in_any_case_key, members_member_number_search_idx;
      CREATE INDEX members_member_number_search_idx
        ON members ((lower(member_number)) COLLATE "C", id) WHERE deleted_at IS NULL;
    `);
  }
}

async function refuseDuplicates(runner: QueryRunner, table: string, column: string): Promise<void> {
  const duplicates = (await runner.query(`
    SELECT string_agg(id || ' has ' || ${column}, ', ' ORDER BY id) AS rows, max(id) AS last
    FROM ${table} GROUP BY lower(${column} COLLATE "C") HAVING count(*) > 1 ORDER BY min(id)`)) as {
    rows: string;
    last: number;
  }[];
  const [first] = duplicates;
  if (!first) return;
  throw new Error(
    [
      `There are ${table} that have one number in several cases:`,
      ...duplicates.map(({ rows }) => `  ${rows}`),
      `Nothing was changed. Give each row but one another number, by the version that served until now or as the owner:`,
      `  UPDATE ${table} SET ${column} = '…' WHERE id = ${first.last}`,
      'Then migrate again.',
    ].join('\n'),
  );
}
