import { foldText } from '#kernel';
import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

interface Member {
  id: number;
  memberNumber: string;
  firstName: string;
  lastName: string;
  hireDate: string | null;
  status: string;
  classification: string;
  createdAt: string;
  updatedAt: string;
}
interface Page {
  items: Member[];
  nextCursor: string | null;
  total?: number;
}

const inAll = 90;
let api: LocalApi;
let staff: Client;
let ids: number[];
beforeAll(async () => {
  api = await startApi();
  ids = await seedMembers(api.database, inAll);
  staff = await api.as('staff');
  // Equal and different instants among them.
  await api.query(`UPDATE members SET created_at = timestamptz '2026-01-01' + (id % 5) * interval '1 day'`);
});
afterAll(() => api.close());

async function page(query: string): Promise<Page> {
  const reply = await staff.get(`/members?${query}`);
  expect([reply.status, reply.text.slice(0, 300)]).toEqual([200, expect.stringMatching(/^\{"items":/)]);
  const body = reply.json<Page>();
  await api.expectAudit(reply, {
    action: 'BULK_READ',
    tableName: 'members',
    recordIds: body.items.map(({ id }) => id),
    route: 'members:list',
  });
  return body;
}

/** Every page there is, by following the cursors; `between` happens after the first. */
async function wholeList(query: string, between?: () => Promise<unknown>): Promise<Member[]> {
  const items: Member[] = [];
  for (let cursor: string | null = '', pages = 0; cursor !== null; pages += 1) {
    const body = await page(`${query}${cursor && `&cursor=${cursor}`}`);
    items.push(...body.items);
    cursor = body.nextCursor;
    if (pages === 0) await between?.();
    expect(pages).toBeLessThan(inAll);
  }
  return items;
}

/** What each sort goes by, as text in the order of bytes; a member without a hire date comes after all others. */
const keys: Record<string, (member: Member) => string> = {
  id: ({ id }) => String(id).padStart(10, '0'),
  memberNumber: ({ memberNumber }) => memberNumber.toLowerCase(),
  lastName: ({ lastName, firstName }) => foldText(`${lastName} ${firstName}`),
  firstName: ({ lastName, firstName }) => foldText(`${firstName} ${lastName}`),
  hireDate: ({ hireDate }) => hireDate ?? '9999-99-99',
  status: ({ status }) => status,
  classification: ({ classification }) => classification,
  createdAt: ({ createdAt }) => createdAt,
  updatedAt: ({ updatedAt }) => updatedAt,
};

function inOrder(members: Member[], terms: string[]): Member[] {
  const last = terms.at(-1) ?? '';
  const byId = [...terms, last.startsWith('-') ? '-id' : 'id'];
  return [...members].sort((a, b) => {
    for (const term of byId) {
      const key = keys[term.replace('-', '')]!;
      const order = Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b))) * (term.startsWith('-') ? -1 : 1);
      if (order !== 0) return order;
    }
    return 0;
  });
}

const numbersOf = (members: Member[]) => members.map(({ id }) => id);

describe('paging', () => {
  const sorts = Object.keys(keys).flatMap((key) => [key, `-${key}`]);
  it.each([...sorts, 'status,-hireDate', '-classification,lastName,-memberNumber', 'hireDate,-hireDate'])(
    'goes through every member once in the order of %s',
    async (sort) => {
      const listed = await wholeList(`limit=13&sort=${sort}`);
      expect(numbersOf(listed)).toEqual(numbersOf(inOrder(listed, sort.split(','))));
      expect(numbersOf(listed).sort((a, b) => a - b)).toEqual(ids);
    },
  );

  it('goes by id unless told otherwise, fifty at a time', async () => {
    const first = await page('');
    expect(numbersOf(first.items)).toEqual(ids.slice(0, 50));
    expect(numbersOf((await page(`cursor=${first.nextCursor}`)).items)).toEqual(ids.slice(50));
  });

  it('has no further page where the last one is just full', async () => {
    expect((await page(`limit=${inAll / 2}`)).nextCursor).not.toBeNull();
    expect((await wholeList(`limit=${inAll / 2}`)).length).toBe(inAll);
    expect((await page(`limit=${inAll}`)).nextCursor).toBeNull();
  });

  it.each(['lastName', '-lastName', '-createdAt', 'status'])(
    'neither skips nor repeats anybody in the order of %s when others come meanwhile',
    async (sort) => {
      const newcomers: number[] = [];
      const listed = await wholeList(`limit=20&sort=${sort}`, async () => {
        for (const lastName of ['Aaaa', 'Garcia', 'Zzzz']) {
          newcomers.push((await staff.post('/members', aMember({ lastName }))).json<Member>().id);
        }
      });
      const settled = numbersOf(listed).filter((id) => !newcomers.includes(id));
      expect(settled.sort((a, b) => a - b)).toEqual(ids);
      expect(new Set(numbersOf(listed)).size).toBe(listed.length);
      await api.query('DELETE FROM members WHERE id = ANY ($1)', [newcomers]);
    },
  );

  it('goes on from a member who was removed meanwhile', async () => {
    const first = await page('limit=10&sort=lastName');
    const last = first.items.at(-1)!.id;
    await staff.delete(`/members/${last}`);
    const next = await page(`limit=10&sort=lastName&cursor=${first.nextCursor}`);
    await staff.post(`/members/${last}/restore`);
    const whole = await page('limit=20&sort=lastName');
    expect([...numbersOf(first.items), ...numbersOf(next.items)]).toEqual(numbersOf(whole.items));
  });

  it('refuses a cursor of another order', async () => {
    const { nextCursor } = await page('limit=1&sort=lastName');
    expect((await staff.get(`/members?sort=firstName&cursor=${nextCursor}`)).status).toBe(422);
    expect((await staff.get(`/members?q=del&cursor=${nextCursor}`)).status).toBe(422);
  });
});

describe('filters and counts', () => {
  it.each(['active', 'inactive', 'suspended', 'retired', 'deceased'])('finds those who are %s', async (status) => {
    const expected = await api.query<{ id: number }>('SELECT id FROM members WHERE status = $1 ORDER BY id', [status]);
    const { items, total } = await page(`status=${status}&limit=200&count=true`);
    expect(numbersOf(items)).toEqual(expected.map(({ id }) => id));
    expect(total).toBe(expected.length);
    expect(items.length).toBeGreaterThan(5);
  });

  it.each(['journeyman', 'foreman', 'apprentice_1', 'apprentice_5', 'retiree', 'honorary'])(
    'finds the rank of %s',
    async (rank) => {
      const { items, total } = await page(`classification=${rank}&limit=200&count=true`);
      expect(items.every(({ classification }) => classification === rank)).toBe(true);
      expect([items.length, total]).toEqual(rank === 'honorary' ? [0, 0] : [18, 18]);
    },
  );

  it('joins filters, and counts what all pages hold together', async () => {
    const query = 'status=active&classification=foreman&sort=-lastName';
    const listed = await wholeList(`${query}&limit=4`);
    const { total, items } = await page(`${query}&limit=4&count=true`);
    expect([total, items.length]).toEqual([listed.length, 4]);
    expect(await page('limit=1&count=false')).not.toHaveProperty('total');
    const second = await page(`${query}&limit=4&count=true&cursor=${(await page(`${query}&limit=4`)).nextCursor}`);
    expect(second.total).toBe(listed.length);
  });
});

describe('search', () => {
  const found = async (typed: string, more = '') =>
    (await page(`limit=200&q=${encodeURIComponent(typed)}${more}`)).items;
  const withName = (fold: (member: Member) => boolean) => async () => {
    const everybody = await wholeList('limit=200');
    return numbersOf(everybody.filter(fold)).sort((a, b) => a - b);
  };
  const sorted = (members: Member[]) => numbersOf(members).sort((a, b) => a - b);

  it.each(['delg', 'DELGADO', '  delg  '])('finds last names that begin with %j', async (typed) => {
    expect(sorted(await found(typed))).toEqual(await withName(({ lastName }) => lastName === 'Delgado')());
  });

  it.each(['rosa d', 'ROSA  D'])('finds a first name and the beginning of a last name in %j', async (typed) => {
    const expected = await withName(({ firstName, lastName }) => firstName === 'Rosa' && /^[Dd]/.test(lastName))();
    expect(expected.length).toBeGreaterThan(1);
    expect(sorted(await found(typed))).toEqual(expected);
  });

  it.each(['delgado, r', 'delgado,r', 'Delgado r'])(
    'finds a last name and the beginning of a first name in %j',
    async (typed) => {
      expect(sorted(await found(typed))).toEqual(
        await withName(({ firstName, lastName }) => lastName === 'Delgado' && firstName === 'Rosa')(),
      );
    },
  );

  it.each(['nunez', 'Nuñez', 'NUÑ', 'nun\u0303ez', 'tomas n', 'Tomás N'])(
    'folds accents and case in %j',
    async (typed) => {
      const members = await found(typed);
      expect(members.length).toBeGreaterThan(0);
      expect(members.every(({ lastName }) => lastName === 'Nuñez')).toBe(true);
    },
  );

  it.each([
    ['Zoë', 'O’Brien', "o'brien zoe"],
    ['Łukasz', 'Żółć', 'zolc lukasz'],
    ['Søren', 'Weißmann', 'soren weissmann'],
    ['Işıl', 'Yıldırım', 'YILDIRIM'],
    ['Luz', 'Muñoz-García', 'munoz garcia'],
    ['Kim', 'Smith–Jones', 'smith-jones'],
    ['مُحَمَّد', 'الهاشمي', 'محمد'],
    ['Anne', 'St. Cloud', 'st cloud'],
    // Inside of names, too.
    ['Zqw', 'Van O´Đorđe', "O'Dorde"],
    ['Zqw', 'Аль-Дмитрий', 'дмитрии'],
  ])('finds %s %s where somebody types %s', async (firstName, lastName, typed) => {
    const made = (await staff.post('/members', aMember({ firstName, lastName }))).json<Member>();
    expect(numbersOf(await found(typed))).toEqual([made.id]);
    await api.query('DELETE FROM members WHERE id = $1', [made.id]);
  });

  it('finds nobody by what is no letter', async () => {
    expect(await found('’')).toEqual([]);
    expect((await page(`q=${encodeURIComponent('-')}&sort=lastName&count=true`)).total).toBe(0);
  });

  it.each(['s00001', 'S00001'])('finds numbers that begin with %j, in their order', async (typed) => {
    expect((await found(typed)).map(({ memberNumber }) => memberNumber)).toEqual(
      Array.from({ length: 10 }, (_, index) => `S00001${index}`),
    );
  });

  it('puts last names first, then first names, each in its order', async () => {
    const given = await staff.post('/members', aMember({ firstName: 'Garcilaso', lastName: 'Inca' }));
    const members = await found('garc');
    expect(members.at(-1)?.id).toBe(given.json<Member>().id);
    expect(members.slice(0, -1).every(({ lastName }) => lastName === 'Garcia')).toBe(true);
    await api.query('DELETE FROM members WHERE id = $1', [given.json<Member>().id]);
  });

  it('looks inside of names and numbers where nothing begins with it', async () => {
    expect(sorted(await found('elgad'))).toEqual(await withName(({ lastName }) => lastName === 'Delgado')());
    expect((await found('00042')).map(({ memberNumber }) => memberNumber)).toEqual(['S000042']);
    const elena = (await staff.post('/members', aMember({ middleName: 'Xiomara' }))).json<Member>();
    expect(numbersOf(await found('xiomara'))).toEqual([elena.id]);
    await api.query('DELETE FROM members WHERE id = $1', [elena.id]);
  });

  it.each(['%', '_', '\\', '%a%', "'", '"', 'a%', '$1', '; --', '(', '*'])('takes %j for itself', async (typed) => {
    const members = await found(typed);
    expect(
      members.filter(
        ({ firstName, lastName, memberNumber }) =>
          !foldText(`${firstName} ${lastName} ${memberNumber}`).includes(typed),
      ),
    ).toEqual([]);
    const odd = (await staff.post('/members', aMember({ firstName: 'Odd', lastName: `Zz${typed}x` }))).json<Member>();
    expect(numbersOf(await found(`zz${typed}`))).toContain(odd.id);
    expect(numbersOf(await found(`z${typed}`))).toContain(odd.id);
    await api.query('DELETE FROM members WHERE id = $1', [odd.id]);
  });

  it.each(['de', 'o', 's0000', 'lgad', '0004'])('pages through all that %j finds, each once', async (typed) => {
    const query = `q=${typed}`;
    const all = await page(`${query}&limit=200&count=true`);
    expect(all.total).toBe(all.items.length);
    expect(numbersOf(await wholeList(`${query}&limit=3`))).toEqual(numbersOf(all.items));
    expect((await page(`${query}&limit=3&count=true`)).total).toBe(all.total);
  });

  it('finds the same in any order asked for', async () => {
    for (const typed of ['delg', 'o', 'elgad', '00042']) {
      const expected = sorted(await found(typed));
      for (const sort of ['-hireDate', 'memberNumber']) {
        const members = await wholeList(`q=${typed}&limit=7&sort=${sort}`);
        expect([typed, sorted(members)]).toEqual([typed, expected]);
        expect(numbersOf(members)).toEqual(numbersOf(inOrder(members, [sort])));
      }
    }
  });

  it('goes on inside of names although somebody came meanwhile whose name begins so', async () => {
    const before = sorted(await found('elgad'));
    const listed = await wholeList('q=elgad&limit=3', async () =>
      staff.post('/members', aMember({ lastName: 'Elgado' })),
    );
    expect(sorted(listed.filter(({ lastName }) => lastName === 'Delgado'))).toEqual(before);
    await api.query(`DELETE FROM members WHERE last_name = 'Elgado'`);
  });

  it('joins with filters', async () => {
    const expected = await withName(({ lastName, status }) => lastName === 'Chen' && status === 'active')();
    expect(expected.length).toBeGreaterThan(1);
    expect(sorted(await found('chen', '&status=active'))).toEqual(expected);
  });

  it('puts on record what was looked for, and whom it showed', async () => {
    const reply = await staff.get('/members?q=chen&status=active&limit=3');
    await api.expectAudit(reply, {
      action: 'BULK_READ',
      filters: expect.objectContaining({ q: 'chen', status: 'active', limit: 3 }) as Record<string, unknown>,
    });
    const nobody = await staff.get('/members?q=nobody%20of%20this%20name');
    await api.expectAudit(nobody, {
      action: 'BULK_READ',
      recordIds: [],
      filters: expect.objectContaining({ q: 'nobody of this name' }) as Record<string, unknown>,
    });
  });
});
