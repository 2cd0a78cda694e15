import { Calendar } from './calendar';

it.each([
  ['America/Los_Angeles', '2026-12-31T23:59:59.999Z', '2026-12-31'],
  ['America/Los_Angeles', '2027-01-01T07:59:59.999Z', '2026-12-31'],
  ['America/Los_Angeles', '2027-01-01T08:00:00.000Z', '2027-01-01'],
  ['America/Los_Angeles', '2026-07-01T06:59:59.999Z', '2026-06-30'],
  ['America/Los_Angeles', '2026-07-01T07:00:00.000Z', '2026-07-01'],
  ['Pacific/Kiritimati', '2026-12-31T10:00:00.000Z', '2027-01-01'],
  ['Asia/Kathmandu', '2026-03-01T18:14:59.000Z', '2026-03-01'],
  ['Asia/Kathmandu', '2026-03-01T18:15:00.000Z', '2026-03-02'],
  ['UTC', '2028-02-29T00:00:00.000Z', '2028-02-29'],
])('in %s the day at %s is %s', (zone, instant, day) => {
  expect(new Calendar({ now: () => new Date(instant) }, zone).today()).toBe(day);
});

it('is of no place that does not exist', () => {
  expect(() => new Calendar({ now: () => new Date() }, 'America/Springfield')).toThrow(RangeError);
});
