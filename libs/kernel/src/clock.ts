/** The time, so that tests can fix it. Features ask the clock; only this file asks the system. */
export class Clock {
  now(): Date {
    return new Date();
  }
}
