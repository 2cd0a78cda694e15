/** What was started and must be stopped again, the last one first, whether all went well or not. */
export class Cleanup {
  private readonly steps: (() => Promise<unknown>)[] = [];
  private running?: Promise<void>;

  /** What is started after the clean-up began is stopped at once. */
  defer(step: () => Promise<unknown>): void {
    if (this.running) void step().catch(report);
    else this.steps.push(step);
  }

  /** Takes every step, also after one that fails; a second call waits for the first. */
  run(): Promise<void> {
    return (this.running ??= this.takeSteps());
  }

  private async takeSteps(): Promise<void> {
    for (const step of this.steps.reverse()) await step().catch(report);
  }
}

function report(error: unknown): void {
  process.stderr.write(`Could not clean up: ${String(error)}\n`);
}
