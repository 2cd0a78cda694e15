import type { TestDatabase } from './database';

/** Fills members behind the API's back: many, all different, with equal and absent sort keys among them. */
export async function seedMembers(database: TestDatabase, count: number): Promise<number[]> {
  const rows = await database.query<{ id: number }>(
    `INSERT INTO members (member_number, first_name, last_name, city, email, hire_date, status, classification, notes)
     SELECT 'S' || lpad(n::text, 6, '0'),
       (ARRAY['Rosa', 'James', 'Aisha', 'Tomás', 'Grace', 'Wei', 'Olga'])[n % 7 + 1],
       (ARRAY['Delgado', 'Smith', 'Okafor', 'Nuñez', 'Kowalski', 'Chen', 'O''Brien', 'Garcia', 'de la Cruz'])[n % 9 + 1],
       'Springfield', 'member' || n || '@example.org',
       CASE WHEN n % 5 > 0 THEN date '1990-01-01' + n % 40 END,
       (ARRAY['active', 'active', 'active', 'retired', 'inactive', 'suspended', 'deceased'])[n % 7 + 1],
       (ARRAY['journeyman', 'foreman', 'apprentice_1', 'apprentice_5', 'retiree'])[n % 5 + 1],
       'Seeded ' || n
     FROM generate_series(1, $1::integer) AS n RETURNING id`,
    [count],
  );
  return rows.map((row) => row.id);
}
