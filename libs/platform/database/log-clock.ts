interface Sample {
  /** In ms of `performance.now()`, before the primary was asked. */
  at: number;
  lsn: bigint;
}

/**
 * Tells how old a place in the log is: what the primary had at an earlier moment is all in the log up to where it stood then. By the
 * process's own clock alone, so that neither an idle primary nor other machines' clocks mislead it.
 */
export class LogClock {
  private samples: Sample[] = [];

  constructor(private readonly reachMs: number) {}

  /** `at` is when the primary had not been asked yet. */
  note(lsn: bigint, at: number): void {
    const last = this.samples.at(-1);
    if (last && lsn < last.lsn) this.samples = [];
    this.samples.push({ at, lsn });
    while ((this.samples[0]?.at ?? at) < at - this.reachMs) this.samples.shift();
  }

  /** Places of another timeline are not compared with these. */
  forget(): void {
    this.samples = [];
  }

  /** For how many ms at most whoever has the log up to there does not know what has happened since; Infinity beyond reach. */
  ageOf(lsn: bigint, now: number): number {
    const known = this.samples.findLast((sample) => sample.lsn <= lsn);
    return known ? now - known.at : Infinity;
  }

  /** How many bytes of the log are missing there. */
  bytesSince(lsn: bigint): number {
    const last = this.samples.at(-1);
    return last && last.lsn > lsn ? Number(last.lsn - lsn) : 0;
  }
}
