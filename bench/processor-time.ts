import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds in a tick of /proc/<pid>/stat: Linux reports a hundred a second to programs on every architecture. */
const tickMicros = 10_000;

/** Processor time that a process has used, user and system, in µs; undefined where the system has no /proc. */
export function processorTimeOf(pid: number): number | undefined {
  return statOf(pid)?.micros;
}

/** The same over a process, its children and those children of it that have ended. For PostgreSQL and its backends. */
export function processorTimeBelow(pid: number): number | undefined {
  const stat = statOf(pid);
  if (!stat) return undefined;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((child) => child?.parent === pid);
  return children.reduce((sum, child) => sum + (child?.micros ?? 0), stat.micros + stat.endedChildrenMicros);
}

export function parentOf(pid: number): number | undefined {
  return statOf(pid)?.parent;
}

/** See proc_pid_stat(5). The second field is the program's name in brackets and may itself hold blanks and brackets. */
function statOf(pid: number): { parent: number; micros: number; endedChildrenMicros: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const numbers = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0] = numbers;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = numbers.slice(11, 15);
  return {
    parent,
    micros: (user + system) * tickMicros,
    endedChildrenMicros: (childrenUser + childrenSystem) * tickMicros,
  };
}
