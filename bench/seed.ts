import type { Client } from 'pg';
import { Random } from '#kernel';
import { madeUpName } from './names';

const chunk = 10_000;

/** The columns that are filled, with the type under which their values travel. */
const columns = {
  member_number: 'text',
  first_name: 'text',
  last_name: 'text',
  address: 'text',
  city: 'text',
  state: 'text',
  zip_code: 'text',
  phone: 'text',
  email: 'text',
  date_of_birth: 'date',
  hire_date: 'date',
  status: 'text',
  classification: 'text',
};

/**
 * Fills `members` through its triggers, so that the ledger is as long as the table, and copies it to `bare_members`: the
 * same columns, constraints, indexes and rows, without the triggers. Both come out vacuumed, analyzed and written back.
 */
export async function seed(owner: Client, count: number, log: (line: string) => void): Promise<void> {
  const random = new Random(count);
  const names = Object.keys(columns).join(', ');
  const types = Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`);
  for (let start = 0; start < count; start += chunk) {
    const rows = Array.from({ length: Math.min(chunk, count - start) }, (_, index) =>
      madeUpMember(random, start + index),
    );
    const values = Object.keys(columns).map((_, column) => rows.map((row) => row[column]));
    await owner.query(`INSERT INTO members (${names}) SELECT * FROM unnest(${types.join(', ')})`, values);
    log(`${(start + rows.length).toLocaleString('en')} of ${count.toLocaleString('en')} members stored`);
  }
  await owner.query(`
    CREATE TABLE bare_members (LIKE members INCLUDING ALL);
    ALTER TABLE bare_members ALTER COLUMN audit_ref SET DEFAULT 0;
    INSERT INTO bare_members SELECT * FROM members ORDER BY id;
    SELECT setval(pg_get_serial_sequence('bare_members', 'id'), max(id)) FROM bare_members;
  `);
  for (const table of ['members', 'bare_members', 'audit_logs']) await owner.query(`VACUUM (ANALYZE) ${table}`);
}

/** In the order of `columns`. */
function madeUpMember(random: Random, place: number): string[] {
  const { firstName, lastName } = madeUpName(random);
  const memberNumber = String(7_000_000 + place);
  const year = random.between(1950, 2004);
  return [
    memberNumber,
    firstName,
    lastName,
    `${random.between(1, 9_999)} ${random.pick(['Elm', 'Oak', 'Main', 'Second', 'Mill', 'Harbor'])} Street`,
    random.pick(['Springfield', 'Riverside', 'Fairview', 'Franklin', 'Georgetown']),
    random.pick(['IL', 'WA', 'OR', 'NY', 'PA']),
    String(random.between(10_000, 99_999)),
    `555-${String(random.between(0, 9_999_999)).padStart(7, '0')}`,
    `member${memberNumber}@example.org`,
    dayIn(random, year),
    dayIn(random, year + random.between(18, 21)),
    random.next() < 0.8 ? 'active' : random.pick(['inactive', 'suspended', 'retired']),
    random.next() < 0.6
      ? 'journeyman'
      : random.pick(['apprentice_1', 'apprentice_3', 'apprentice_5', 'foreman', 'retiree']),
  ];
}

function dayIn(random: Random, year: number): string {
  const month = String(random.between(1, 12)).padStart(2, '0');
  return `${year}-${month}-${String(random.between(1, 28)).padStart(2, '0')}`;
}
