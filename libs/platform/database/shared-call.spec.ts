import { setImmediate as turn } from 'node:timers/promises';
import { SharedCall } from './shared-call';

/** A question that tells how often it was asked, and is answered when it is told to. */
function question() {
  const answers: ((error?: Error) => void)[] = [];
  const call = new SharedCall(
    () =>
      new Promise<number>((resolve, reject) => {
        const number = answers.length + 1;
        answers.push((error) => (error ? reject(error) : resolve(number)));
      }),
  );
  return { answers, call };
}

it('answers who came before it began, and who comes later by the next', async () => {
  const { answers, call } = question();
  const first = [call.next(), call.next()];
  await turn();
  await turn();
  expect(answers).toHaveLength(1);
  const later = [call.next(), call.next(), call.next()];
  answers[0]!();
  expect(await Promise.all(first)).toEqual([1, 1]);
  await turn();
  await turn();
  expect(answers).toHaveLength(2);
  answers[1]!();
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
});

it('fails for all who wait, and is asked again for who comes after', async () => {
  const { answers, call } = question();
  const first = call.next();
  await turn();
  await turn();
  const later = call.next();
  const outcomes = Promise.allSettled([first, later]);
  answers[0]!(new Error('away'));
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const after = call.next();
  await turn();
  await turn();
  expect(answers).toHaveLength(2);
  answers[1]!();
  expect(await after).toBe(2);
});

it('that fails while nobody else waits leaves the next one its own try', async () => {
  const { answers, call } = question();
  const first = call.next();
  await turn();
  await turn();
  answers[0]!(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await turn();
  const after = call.next();
  await turn();
  await turn();
  answers[1]!();
  expect(await after).toBe(2);
});
