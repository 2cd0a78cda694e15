const dayMs = 86_400_000;

/** A month of the ledger, in UTC. */
export interface Month {
  /** `YYYY-MM-01`. */
  first: string;
  start: Date;
  /** The first instant that is not in it. */
  end: Date;
}

/** The month that a day `YYYY-MM-…` lies in. */
export function monthOf(day: string): Month {
  const [year = 0, month = 0] = day.split('-').map(Number);
  return {
    first: `${day.slice(0, 7)}-01`,
    start: new Date(Date.UTC(year, month - 1, 1)),
    end: new Date(Date.UTC(year, month, 1)),
  };
}

export function daysBefore(instant: Date, days: number): Date {
  return new Date(instant.getTime() - days * dayMs);
}

export const dayOf = (instant: Date) => instant.toISOString().slice(0, 10);
