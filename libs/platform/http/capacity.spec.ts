import { Capacity } from './capacity';

/** So many requests are answered in each quarter of a second, of which the loop idles a share. */
function quarters(capacity: Capacity, times: number, answered: number, idle: number, ms = 250): number {
  for (let time = 0; time < times; time += 1) {
    for (let request = 0; request < answered; request += 1) capacity.answered();
    capacity.measure(ms * (1 - idle), ms * idle);
  }
  return capacity.atOnce;
}

describe('the requests at once', () => {
  it.each([
    ['as many as it answers in a second, where it never idles', 75, 0, 300],
    ['no more than the most, where it is fast', 400, 0, 512],
    ['no fewer than the least, where it is slow', 5, 0, 128],
    ['the most, where it waits for others', 5, 0.2, 512],
    ['the most, where it has nothing to do', 0, 1, 512],
  ])('are %s', (_what, answered, idle, atOnce) => {
    expect(quarters(new Capacity(), 8, answered, idle)).toBe(atOnce);
  });

  it('are the most until a whole second was measured', () => {
    const capacity = new Capacity();
    expect(quarters(capacity, 3, 50, 0)).toBe(512);
    expect(quarters(capacity, 1, 50, 0)).toBe(200);
  });

  it('stay the most through a pause of less than a second', () => {
    const capacity = new Capacity();
    quarters(capacity, 8, 50, 0.5);
    expect(quarters(capacity, 1, 0, 0, 700)).toBe(512);
  });

  it('are measured by the time that has passed, however late the timer was', () => {
    expect(quarters(new Capacity(), 3, 300, 0, 1_500)).toBe(200);
  });

  it('are the most again once the process idles', () => {
    const capacity = new Capacity();
    quarters(capacity, 8, 50, 0);
    expect(quarters(capacity, 2, 50, 0.3)).toBe(512);
  });
});
