import type { Clock } from './clock';

/** The days of the place where the office is. */
export class Calendar {
  private readonly format: Intl.DateTimeFormat;

  /** `zone` is a name of the IANA time zone database, such as `America/Los_Angeles`. Throws RangeError for another. */
  constructor(
    private readonly clock: Clock,
    zone: string,
  ) {
    const digits = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    this.format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', { timeZone: zone, ...digits });
  }

  /** The day that it is there now, `YYYY-MM-DD`. */
  today(): string {
    const parts = Object.fromEntries(
      this.format.formatToParts(this.clock.now()).map(({ type, value }) => [type, value]),
    ) as Record<'year' | 'month' | 'day', string>;
    return `${parts.year}-${parts.month}-${parts.day}`;
  }
}
