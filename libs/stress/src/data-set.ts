import { createHash } from 'node:crypto';
import { FIRST_NAMES, LAST_NAMES, Random } from '#kernel';

type Value = string | number | boolean | null;

/** One table of the data set: how many rows, and the rows themselves, made as they are asked for. */
export interface TableOfSet {
  table: string;
  columns: readonly string[];
  count: number;
  rows: () => Generator<Value[]>;
}

/** At scale 1. The sums are those of the documented set: 515,356 rows. */
const counts = {
  members: 10_000,
  organizations: 5_287,
  contacts: 63_936,
  employments: 434_383,
  students: 1_000,
  files: 750,
};
const employers = 700;
const dayMs = 86_400_000;
/** Everything in the set lies before this day, so that it is the same whenever it is made. */
const baseMs = Date.parse('2026-01-01T00:00:00Z');
const stamp = '2026-01-01 00:00:00+00';

const classifications = [
  ['apprentice_1', 0.1],
  ['apprentice_2', 0.1],
  ['apprentice_3', 0.08],
  ['apprentice_4', 0.07],
  ['apprentice_5', 0.05],
  ['journeyman', 0.4],
  ['foreman', 0.12],
  ['retiree', 0.05],
  ['honorary', 0.03],
] as const;
const statuses = [
  ['active', 0.88],
  ['inactive', 0.03],
  ['suspended', 0.03],
  ['retired', 0.03],
  ['deceased', 0.03],
] as const;
const cities = ['Springfield', 'Riverside', 'Shelbyville', 'Harborview', 'Milltown'];
const titles = ['Wireman', 'Foreman', 'Lineman', 'Technician', 'Apprentice'];

// eslint-disable-next-line no-restricted-syntax -- the kind of record that owns a file, no role
const ownerOfFiles = 'member';

const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/**
 * The stress data set: the same seed and scale make the same rows, byte for byte. Each table draws from a generator of its own, so
 * that one can be made without the others.
 */
export function dataSet(seed: number, scale: number): TableOfSet[] {
  const sizes = Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [name, Math.max(1, Math.round(count * scale))]),
  ) as typeof counts;
  const ofEmployers = Math.max(1, Math.min(sizes.organizations, Math.round(employers * scale)));
  const draw = (table: string) => new Random(createHash('sha256').update(`${seed} ${table}`).digest().readInt32LE());
  const times = ['created_at', 'updated_at'];
  return [
    {
      table: 'members',
      columns: [
        'id',
        'member_number',
        'first_name',
        'last_name',
        'address',
        'city',
        'state',
        'zip_code',
        'phone',
        'email',
        'date_of_birth',
        'hire_date',
        'status',
        'classification',
        ...times,
      ],
      count: sizes.members,
      rows: function* () {
        const random = draw('members');
        for (let id = 1; id <= sizes.members; id += 1) {
          const born = baseMs - random.between(20 * 365, 70 * 365) * dayMs;
          const hired = Math.min(born + random.between(18 * 365, 35 * 365) * dayMs, baseMs - dayMs);
          yield [
            id,
            String(7_000_000 + id),
            random.pick(FIRST_NAMES),
            random.pick(LAST_NAMES),
            `${random.between(1, 999)} Elm Street`,
            random.pick(cities),
            'WA',
            String(random.between(98_000, 98_999)),
            `555-${String(random.between(0, 9999)).padStart(4, '0')}`,
            `member${id}@example.org`,
            day(born),
            day(hired),
            random.weighted(statuses),
            random.weighted(classifications),
            stamp,
            stamp,
          ];
        }
      },
    },
    {
      table: 'organizations',
      columns: ['id', 'name', 'org_type', 'city', 'state', 'phone', 'salting_score', ...times],
      count: sizes.organizations,
      rows: function* () {
        const random = draw('organizations');
        const scored = Math.round(ofEmployers * 0.7);
        for (let id = 1; id <= sizes.organizations; id += 1) {
          const isEmployer = id <= ofEmployers;
          const type = isEmployer ? 'employer' : random.pick(['union', 'training_partner', 'jatc']);
          const score = id <= scored ? random.between(1, 5) : null;
          yield [
            id,
            `${random.pick(LAST_NAMES)} ${isEmployer ? 'Electric' : 'Partners'} ${id}`,
            type,
            random.pick(cities),
            'WA',
            '555-0140',
            score,
            stamp,
            stamp,
          ];
        }
      },
    },
    {
      table: 'organization_contacts',
      columns: ['id', 'organization_id', 'first_name', 'last_name', 'title', 'phone', 'email', 'is_primary', ...times],
      count: sizes.contacts,
      rows: function* () {
        const random = draw('contacts');
        for (let id = 1; id <= sizes.contacts; id += 1) {
          const organization = ((id - 1) % sizes.organizations) + 1;
          yield [
            id,
            organization,
            random.pick(FIRST_NAMES),
            random.pick(LAST_NAMES),
            'Payroll',
            '555-0141',
            `contact${id}@example.org`,
            id <= sizes.organizations,
            stamp,
            stamp,
          ];
        }
      },
    },
    {
      table: 'member_employments',
      columns: [
        'id',
        'member_id',
        'organization_id',
        'start_date',
        'end_date',
        'job_title',
        'hourly_rate',
        'is_current',
        ...times,
      ],
      count: sizes.employments,
      rows: function* () {
        const random = draw('employments');
        const jobs = jobsPerMember(random, sizes.members, sizes.employments);
        let id = 0;
        for (let member = 1; member <= sizes.members; member += 1) {
          const held = jobs[member - 1] ?? 0;
          const worked: number[] = [];
          let start = baseMs - held * 130 * dayMs;
          for (let job = 1; job <= held; job += 1) {
            id += 1;
            const returns = worked.length > 0 && random.next() < 0.2;
            const organization = returns ? random.pick(worked) : random.between(1, ofEmployers);
            worked.push(organization);
            const end = start + random.between(30, 120) * dayMs;
            const isCurrent = job === held && random.next() < 0.65;
            yield [
              id,
              member,
              organization,
              day(start),
              isCurrent ? null : day(end),
              random.pick(titles),
              `${random.between(22, 74)}.${String(random.between(0, 99)).padStart(2, '0')}`,
              isCurrent,
              stamp,
              stamp,
            ];
            start = end + random.between(1, 10) * dayMs;
          }
        }
      },
    },
    {
      table: 'students',
      columns: ['id', 'member_id', 'student_number', 'status', 'application_date', 'cohort', ...times],
      count: sizes.students,
      rows: function* () {
        const random = draw('students');
        for (let id = 1; id <= sizes.students; id += 1) {
          const applied = baseMs - random.between(30, 1500) * dayMs;
          const cohort = `${random.between(2022, 2025)}-${random.pick(['Spring', 'Fall'])}`;
          yield [
            id,
            id,
            `S${String(id).padStart(6, '0')}`,
            random.pick(['applicant', 'enrolled', 'completed']),
            day(applied),
            cohort,
            stamp,
            stamp,
          ];
        }
      },
    },
    {
      table: 'file_attachments',
      columns: [
        'id',
        'record_type',
        'record_id',
        'file_name',
        'original_name',
        'storage_key',
        'media_type',
        'file_size',
        'sha256',
        ...times,
      ],
      count: sizes.files,
      rows: function* () {
        const random = draw('files');
        for (let id = 1; id <= sizes.files; id += 1) {
          const hash = createHash('sha256').update(`${seed} ${id}`).digest('hex');
          const member = random.between(1, sizes.members);
          yield [
            id,
            ownerOfFiles,
            member,
            `scan-${id}.pdf`,
            `scan-${id}.pdf`,
            `stress/${hash}`,
            'application/pdf',
            random.between(1_000, 5_000_000),
            hash,
            stamp,
            stamp,
          ];
        }
      },
    },
  ];
}

/** How many jobs each member held: 1 to 99, triangular with mode 31, to exactly the given sum. */
function jobsPerMember(random: Random, members: number, sum: number): number[] {
  const jobs = Array.from({ length: members }, () => random.triangular(1, 99, 31));
  let difference = sum - jobs.reduce((total, held) => total + held, 0);
  while (difference !== 0) {
    const member = random.between(0, members - 1);
    const held = (jobs[member] ?? 0) + Math.sign(difference);
    if (held < 1 || held > 99) continue;
    jobs[member] = held;
    difference -= Math.sign(difference);
  }
  return jobs;
}
