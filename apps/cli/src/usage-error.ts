/** A command asked for wrongly: exit 2, and one line that says how to mend it. */
export class UsageError extends Error {}
