import { SharedReadings } from './shared-readings';

/** A source that tells how often it was asked, and answers when it is told to. */
function source() {
  const answers: ((fails?: boolean) => void)[] = [];
  const read = () =>
    new Promise<number>((resolve, reject) => {
      const number = answers.length + 1;
      answers.push((fails) => (fails ? reject(new Error(`reading ${number}`)) : resolve(number)));
    });
  return { answers, read };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a shared reading', () => {
  it('serves those who came before it began, and none who came later', async () => {
    const { answers, read } = source();
    const readings = new SharedReadings<number>();
    const first = readings.read('a', read);
    const later = [readings.read('a', read), readings.read('a', read), readings.read('a', read)];
    expect(answers).toHaveLength(1);
    answers[0]!();
    expect(await first).toBe(1);
    await turn();
    const last = readings.read('a', read);
    expect(answers).toHaveLength(2);
    answers[1]!();
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    await turn();
    answers[2]!();
    expect(await last).toBe(3);
    expect(answers).toHaveLength(3);
  });

  it('of one key has nothing to do with that of another', async () => {
    const { answers, read } = source();
    const readings = new SharedReadings<number>();
    const both = [readings.read('a', read), readings.read('b', read)];
    expect(answers).toHaveLength(2);
    for (const answer of answers) answer();
    expect(await Promise.all(both)).toEqual([1, 2]);
  });

  it('that fails, fails those who share it, and the next one is tried all the same', async () => {
    const { answers, read } = source();
    const readings = new SharedReadings<number>();
    const first = readings.read('a', read);
    const later = readings.read('a', read);
    answers[0]!(true);
    await expect(first).rejects.toThrow('reading 1');
    await turn();
    answers[1]!();
    expect(await later).toBe(2);
  });
});
