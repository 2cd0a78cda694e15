import { Client } from 'pg';
import { DebianPostgres, noDebianPostgres } from '../../../test/support/debian-postgres';
import { migrate } from './migrate';

(noDebianPostgres ? describe.skip : describe)(
  `migrating a database of the operator’s own${noDebianPostgres ? ` (${noDebianPostgres})` : ''}`,
  () => {
    let server: DebianPostgres;
    beforeAll(async () => {
      server = await DebianPostgres.start('--locale=C', '--encoding=UTF8');
    });
    afterAll(() => server.stop());

    it.each(['SQL_ASCII', 'LATIN1', 'WIN1252'])('of the encoding %s is refused, by name', async (encoding) => {
      const name = encoding.toLowerCase();
      const urls = await server.createDatabase(name, `ENCODING '${encoding}'`);
      const refusal = `The database ${name} has the encoding ${encoding}, and UTF8 is required.`;
      await expect(migrate(urls)).rejects.toThrow(refusal);
      expect(await server.query(name, `SELECT FROM pg_class WHERE relname = 'members'`)).toEqual([]);
    });

    it.each([
      ['C', "LOCALE 'C'"],
      ['C.UTF-8', "LOCALE 'C.UTF-8'"],
      ['ICU’s Turkish, which lowers I to ı', "LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C.UTF-8'"],
      ['ICU’s German', "LOCALE_PROVIDER icu ICU_LOCALE 'de' LOCALE 'C'"],
    ])('of the locale %s finds whoever is looked for', async (locale, options) => {
      const urls = await server.createDatabase(`of_locale_${locale.length}`, options);
      await migrate(urls);
      const owner = new Client({ connectionString: urls.ownerUrl });
      await owner.connect();
      try {
        await owner.query(`INSERT INTO members (member_number, first_name, last_name, classification)
          VALUES ('I1', 'Łukasz', 'IŞIK', 'foreman'), ('I2', 'ДМИТРИЙ', 'Weißmann', 'foreman')`);
        const found = async (sql: string) =>
          (await owner.query<{ number: string }>(`SELECT member_number AS number FROM members WHERE ${sql}`)).rows;
        const name = `fold_text(first_name || ' ' || last_name)`;
        expect(await found(`${name} = 'lukasz isik'`)).toEqual([{ number: 'I1' }]);
        expect(await found(`${name} LIKE '%итрии weiss%'`)).toEqual([{ number: 'I2' }]);
        expect(await found(`lower(member_number COLLATE "C") = 'i1'`)).toEqual([{ number: 'I1' }]);
        await owner.query(`UPDATE members SET email = 'info.inbox@local.example'`);
      } finally {
        await owner.end();
      }
    });
  },
);
