import { relative } from 'node:path';

/** Prints each test when it ends, so that a spec that takes an hour shows how far it is. */
export default class ProgressReporter {
  onTestCaseResult({ path }, { status, duration, fullName }) {
    const seconds = ((duration ?? 0) / 1000).toFixed(1).padStart(7);
    process.stderr.write(`${status.padEnd(7)}${seconds} s  ${relative(process.cwd(), path)}: ${fullName}\n`);
  }
}
