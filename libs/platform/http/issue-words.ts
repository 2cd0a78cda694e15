import type { z } from 'zod';

/** What a value must be, in words for whoever filled in the form. The validation library's own are for programmers. */
export function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${kinds[issue.expected] ?? `of the type ${issue.expected}`}`;
    case 'too_small':
    case 'too_big':
      return rangeOf(issue);
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `must be ${formats[issue.format] ?? 'written otherwise'}`;
    case 'invalid_union':
      return unionOf(issue.errors.map(([first]) => first?.message));
    default:
      return undefined;
  }
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const formats: Record<string, string> = {
  email: 'an e-mail address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  uuid: 'a UUID',
  date: 'a date such as 2026-01-31',
  datetime: 'an instant such as 2026-01-31T12:00:00Z',
};

type Range = z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall> | z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>;
/** The limits of a schema that the issue comes from; those of a number are infinite, or the safe integers, where it has none. */
interface Limits {
  minValue?: number | null;
  maxValue?: number | null;
  minLength?: number | null;
  maxLength?: number | null;
}

/** Both limits, where the schema has both: somebody who meets the lower one wants to know the upper one, too. */
function rangeOf(issue: Range): string {
  const { minValue, maxValue, minLength, maxLength } = (issue as { schema?: Limits }).schema ?? {};
  const isNumber = issue.origin === 'number' || issue.origin === 'int';
  const least =
    finite(isNumber ? minValue : minLength) ?? (issue.code === 'too_small' ? Number(issue.minimum) : undefined);
  const most =
    finite(isNumber ? maxValue : maxLength) ?? (issue.code === 'too_big' ? Number(issue.maximum) : undefined);
  if (isNumber) {
    if (least !== undefined && most !== undefined) return `must be from ${least} to ${most}`;
    const bound = issue.inclusive === false ? ['more than', 'less than'] : ['at least', 'at most'];
    return least !== undefined ? `must be ${bound[0]} ${least}` : `must be ${bound[1]} ${most}`;
  }
  const unit = issue.origin === 'string' ? 'character' : 'value';
  const counted = (count: number) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (issue.code === 'too_small' && least === 1) return 'must not be empty';
  if (issue.code === 'too_small') return `must have at least ${counted(least ?? 0)}`;
  return `may have at most ${counted(most ?? 0)}`;
}

function finite(limit: number | null | undefined): number | undefined {
  return typeof limit === 'number' && Math.abs(limit) < Number.MAX_SAFE_INTEGER ? limit : undefined;
}

function unionOf(messages: (string | undefined)[]): string {
  const told = messages.filter((message) => message !== undefined).map((message) => message.replace(/^must be /, ''));
  return told.length === 0 ? 'is not valid' : `must be ${[...new Set(told)].join(' or ')}`;
}
