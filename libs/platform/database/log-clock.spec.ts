import { LogClock } from './log-clock';
import { digitsOf, lsnOf, lsnOfDigits } from './lsn';

describe('a place in the log', () => {
  it('is compared as a number, and as sixteen digits', () => {
    expect(lsnOf('1/0')).toBe(0x1_0000_0000n);
    expect(lsnOf('A/0') > lsnOf('9/FFFFFFFF')).toBe(true);
    expect(digitsOf(lsnOf('A/0')) > digitsOf(lsnOf('9/FFFFFFFF'))).toBe(true);
    expect(lsnOfDigits(digitsOf(lsnOf('16/B374D848')))).toBe(lsnOf('16/B374D848'));
  });
});

describe('how old a place is', () => {
  const clock = new LogClock(1_000);
  beforeEach(() => {
    clock.forget();
    for (const [at, lsn] of [
      [0, 10n],
      [100, 20n],
      [200, 20n],
      [300, 30n],
    ] as const)
      clock.note(lsn, at);
  });

  it('is the time since the primary was there last', () => {
    expect(clock.ageOf(30n, 350)).toBe(50);
    expect(clock.ageOf(29n, 350)).toBe(150);
    expect(clock.ageOf(10n, 350)).toBe(350);
    expect([clock.bytesSince(10n), clock.bytesSince(40n)]).toEqual([20, 0]);
  });

  it('is not known of what was before it looked, or longer ago than it remembers', () => {
    expect(clock.ageOf(9n, 350)).toBe(Infinity);
    clock.note(40n, 1_250);
    expect(clock.ageOf(20n, 1_300)).toBe(Infinity);
    expect(clock.ageOf(30n, 1_300)).toBe(1_000);
  });

  it('is not known across a log that went back', () => {
    clock.note(15n, 400);
    expect(clock.ageOf(14n, 400)).toBe(Infinity);
    expect(clock.ageOf(30n, 400)).toBe(0);
  });
});
