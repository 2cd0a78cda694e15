import { contradictionIn } from './manifest';

const certificate = {
  ...{ objectKey: 'entries/2026/a.parquet', month: '2026-03', entries: 3, sha256: '', root: '' },
  ...{ leaves: [], policy: 'LMRDA (members)', holdsCheckedAt: '', by: 'system' },
};

it.each([
  ['on the day on which its retention was over', '2033-03-31T02:00:00.000Z', undefined, false],
  ['later', '2034-01-01T02:00:00.000Z', undefined, false],
  ['before, in a rehearsal', '2026-11-30T02:00:00.000Z', true as const, false],
  ['before', '2033-03-30T23:59:59.999Z', undefined, true],
])('a certificate of what was destroyed %s contradicts itself or not', (_when, destroyedAt, rehearsal, contradicts) => {
  const found = contradictionIn({ ...certificate, destroyedAt, retainedUntil: '2033-03-31', rehearsal });
  expect(found !== undefined).toBe(contradicts);
});
