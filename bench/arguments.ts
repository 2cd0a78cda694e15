import { parseArgs } from 'node:util';
import { allCaseNames } from './calls';

export interface Options {
  json: boolean;
  rounds: number;
  seconds: number;
  connections: number;
  /** How much of the stress data set `seed`, `verify`, `archive` and `archive-trail` store. */
  scale: number;
  names: (typeof allCaseNames)[number][];
}

/** What the command line got wrong, in one line. */
export class UsageError extends Error {}

const options = {
  json: { type: 'boolean', default: false },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '4' },
  connections: { type: 'string', default: '64' },
  scale: { type: 'string', default: '1' },
} as const;

/** The options of a run; without names every case is run. Refuses what it does not know. */
export function parseArguments(args: string[]): Options {
  const { values, positionals } = parse(args);
  const unknown = positionals.find((name) => !allCaseNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new UsageError(`there is no case "${unknown}"; there are ${allCaseNames.join(', ')}`);
  return {
    json: values.json,
    rounds: wholeNumber('--rounds', values.rounds, 1, 100),
    seconds: wholeNumber('--seconds', values.seconds, 1, 600),
    connections: wholeNumber('--connections', values.connections, 1, 1000),
    scale: wholeNumber('--scale', values.scale, 1, 20),
    names: allCaseNames.filter((name) => positionals.length === 0 || positionals.includes(name)),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ');
    throw new UsageError(sentence.charAt(0).toLowerCase() + sentence.slice(1));
  }
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`${option} must be a whole number from ${min} to ${max}`);
  }
  return value;
}
