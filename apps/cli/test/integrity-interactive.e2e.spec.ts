import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemActor } from '#access';
import { choicesOf, IntegrityService, type Issue } from '#integrity';
import { RequestContext } from '#platform/context';
import { Files } from '../../../test/support/files';
import { startApi, type LocalApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';
import { expectLedgerToTellTheRows } from '../../../test/promises/replay';
import { hasTerminals, run, startAtTerminal, type Command } from '../../../test/support/cli';

let api: LocalApi;
let files: Files;
let members: number[];
let organization: number;
beforeEach(async () => {
  api = await startApi();
  members = await seedMembers(api.database, 4);
  files = new Files(api, await api.as('staff'), members[0] ?? 0);
  [{ id: organization } = { id: 0 }] = await api.query<{ id: number }>(
    `INSERT INTO organizations (name, org_type) VALUES ('Delgado Electric', 'union') RETURNING id`,
  );
});
afterEach(() => api.close());

const context = () =>
  new RequestContext({ source: 'cli', requestId: 'ask', route: 'integrity:repair', actor: systemActor('integrity') });

async function employment(values: string): Promise<number> {
  const [row] = await api.query<{ id: number }>(
    `INSERT INTO member_employments (member_id, organization_id, start_date, end_date, is_current)
     VALUES (${members[0]}, ${organization}, '2020-01-01', ${values}) RETURNING id`,
  );
  return row?.id ?? 0;
}

/** An object that no row names, older than any upload. */
function forgotten(): string {
  const path = join(files.folder, 'ab', 'forgotten');
  mkdirSync(join(files.folder, 'ab'), { recursive: true });
  writeFileSync(path, 'forgotten');
  utimesSync(path, 1, 1);
  return path;
}

async function questionOf(kind: string) {
  for await (const question of api.app.get(IntegrityService).questions(context())) {
    if (question.issue.kind === kind) return question;
  }
  throw new Error(`Nobody asks about ${kind}.`);
}

/** Answers a question with the choice that says so, and tells what became of it and what is left of its kind. */
async function answer(kind: string, label: RegExp) {
  const { issue, choices } = await questionOf(kind);
  const choice = choices.find((offered) => label.test(offered.label));
  if (!choice) throw new Error(`${label.source} is not among ${choices.map((offered) => offered.label).join()}`);
  const decide = () => api.app.get(IntegrityService).decide(context(), issue, choice);
  const outcome = await decide();
  await expect(questionOf(kind)).rejects.toThrow('Nobody asks');
  // Answered a second time, by somebody else who was asked at the same time, it changes nothing.
  const before = (await api.entries()).length;
  expect([await decide(), (await api.entries()).length]).toEqual(['gone', before]);
  await expectLedgerToTellTheRows(api.database);
  return outcome;
}

describe('what a person decides', () => {
  it('is whether an attachment without its object, or with another, stays', async () => {
    const [lost, changed] = [await files.attached(), await files.attached()];
    rmSync(await files.pathOf(lost));
    writeFileSync(await files.pathOf(changed), 'another');
    expect(await answer('attachments.object-missing', /remove/)).toBe('repaired');
    expect(await answer('attachments.object-differs', /remove/)).toBe('repaired');
    const removals = await api.entries({ tableName: 'file_attachments', action: 'DELETE' });
    expect(removals.map(({ recordId }) => recordId)).toEqual([lost, changed]);
  });

  it('is whether an object without a row goes, which is on record', async () => {
    const path = forgotten();
    expect(await answer('attachments.object-without-row', /destroy/)).toBe('repaired');
    expect(existsSync(path)).toBe(false);
    expect(await api.entries({ action: 'PURGE' })).toMatchObject([
      { tableName: 'file_attachments', recordId: null, notes: 'object without a row: ab/forgotten' },
    ]);
  });

  it('is not an object that has a row by then', async () => {
    const path = forgotten();
    const { issue, choices } = await questionOf('attachments.object-without-row');
    await api.query(
      `INSERT INTO file_attachments (record_type, record_id, file_name, original_name, storage_key, media_type, file_size, sha256)
       VALUES ('member', ${members[0]}, 'a', 'a', 'ab/forgotten', 'text/plain', 9, repeat('0', 64))`,
    );
    expect(await api.app.get(IntegrityService).decide(context(), issue, choices[0]!)).toBe('gone');
    expect(existsSync(path)).toBe(true);
  });

  it('is which of several jobs is the current one', async () => {
    const [first, second, third] = [
      await employment('NULL, true'),
      await employment('NULL, true'),
      await employment('NULL, true'),
    ];
    expect(await answer('employments.several-current', new RegExp(`${second}`))).toBe('repaired');
    const changed = await api.entries({ tableName: 'member_employments', action: 'UPDATE' });
    expect(changed.map(({ recordId, newValues }) => [recordId, newValues])).toEqual([
      [first, { is_current: false }],
      [third, { is_current: false }],
    ]);
  });

  it('is what to do with dates to come, and of what type an organization is', async () => {
    await employment(`'2090-01-01', false`);
    await api.query(`UPDATE members SET hire_date = '2090-01-01' WHERE id = $1`, [members[1]]);
    await api.query('ALTER TABLE organizations DROP CONSTRAINT organizations_org_type_check');
    await api.query(`UPDATE organizations SET org_type = 'vendor'`);
    expect(await answer('employments.ended-in-future', /clear/)).toBe('repaired');
    expect(await answer('members.hired-in-future', /clear/)).toBe('repaired');
    expect(await answer('organizations.enum', /employer/)).toBe('repaired');
  });

  it.each([
    'members.enum',
    'students.enum',
    'members.required-missing',
    'members.duplicate-number',
    'ledger.row-differs',
  ])('is never %s', (kind) => {
    const issue: Issue = { kind, severity: 'critical', table: 'members', id: 1, details: {} };
    expect(choicesOf(issue)).toEqual([]);
  });
});

describe('ip2a integrity repair --interactive', () => {
  const repair = ['integrity', 'repair', '--interactive'];

  it.each([
    [[], 'there is none here'],
    [['--json'], 'cannot be used with'],
    [['--dry-run'], 'cannot be used with'],
  ])('asks for a terminal of its own, and for no document (%s)', async (options, complaint) => {
    const { status, stdout, stderr } = await run(api.database, [...repair, ...options], { folder: api.folder });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')[0]).toContain(complaint);
  });

  if (!hasTerminals)
    process.stderr.write('SKIPPED: no question is asked at a terminal, because script(1) is not installed.\n');

  (hasTerminals ? it : it.skip)(
    'asks one after the other, does what is said at once, and goes on another time',
    async () => {
      const [kept, lost, later] = [await files.attached(), await files.attached(), await files.attached()];
      for (const id of [kept, lost, later]) rmSync(await files.pathOf(id));
      const down = '\u001b[B';
      const asked = (id: number) => new RegExp(`\\? .*object-missing.*file_attachments ${id} `);

      const first = startAtTerminal(api.database, repair, { folder: api.folder });
      await say(first, asked(kept), '\r');
      await say(first, asked(lost), `${down}\r`);
      await say(first, asked(later), '\u0003');
      expect([await first.gone(), first.stdout]).toEqual([0, expect.stringContaining('Interrupted')]);
      const [removal, ...others] = await api.entries({ tableName: 'file_attachments', action: 'DELETE' });
      expect(others).toEqual([]);
      expect(removal).toMatchObject({ recordId: lost, actorEmail: 'system:integrity:repair', source: 'cli' });
      expect(removal?.reason).toMatch(/^decided at a terminal by \w+/);

      const second = startAtTerminal(api.database, repair, { folder: api.folder });
      await say(second, asked(kept), `${down}\r`);
      await say(second, asked(later), `${down}\r`);
      expect(await second.gone()).toBe(0);
      expect(second.stdout).toContain(`done        warning  attachments.object-missing  file_attachments ${later}`);
      const rows = await api.query('SELECT id FROM file_attachments WHERE deleted_at IS NULL');
      expect(rows).toEqual([]);
      const shown = (await api.entries({ tableName: 'file_attachments', action: 'BULK_READ' })).map(
        ({ recordIds }) => recordIds,
      );
      expect(shown).toEqual([[kept], [lost], [later], [kept], [later]]);
      await expectLedgerToTellTheRows(api.database);
    },
  );
});

/** Waits for the question, and answers it. */
async function say(command: Command, question: RegExp, keys: string): Promise<void> {
  await command.shows(question);
  command.child.stdin?.write(keys);
}
