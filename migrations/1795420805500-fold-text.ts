import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Folds the two small sigmas to one, so that a Greek name is found in capitals as well, and takes a byte order mark, which
 * pasted text brings along, for a blank, as foldText in libs/kernel does.
 */
export class FoldText1795420805500 implements MigrationInterface {
  name = 'FoldText1795420805500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION fold_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT btrim(regexp_replace(lower(CASE WHEN octet_length(t) = char_length(t) THEN t
          ELSE translate(regexp_replace(normalize(t, NFKD), '[\\u0300-\\u036f]', '', 'g'), U&'\\03A3\\03C2\\FEFF', U&'\\03C3\\03C3 ')
          END), '[\\s,]+', ' ', 'g'))
      $$;
      REINDEX INDEX members_last_name_search_idx;
      REINDEX INDEX members_first_name_search_idx;
      REINDEX INDEX members_contains_idx;
    `);
  }

  async down(): Promise<void> {
    throw new Error('Records are not taken down.');
  }
}
