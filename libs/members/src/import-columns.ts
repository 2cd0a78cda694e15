import { z } from 'zod';
import { DomainError } from '#kernel';
import { withoutGuard } from '#platform/http';
import { CreateMember, MemberView } from './member.dto';

/** Month and day, in either order, with the year behind them, or before a month and a day. */
const dateForms = /^(?:(?:MM?([/.-])DD?\1|DD?([/.-])MM?\2)YYYY|YYYY([/.-])MM?\3DD?)$/;

export const dateFormat = z
  .string()
  .regex(dateForms, 'must be a form such as MM/DD/YYYY, DD.MM.YYYY or YYYY/MM/DD')
  .default('YYYY-MM-DD')
  .describe(
    'How dates are written: `MM/DD/YYYY`, `DD.MM.YYYY` and the like, with `/`, `.` or `-`. A leading zero may be absent. ' +
      '`YYYY-MM-DD` is read in any case. A date in another form is a fault: it is never guessed which part is the month.',
  );

/** A row of the file: its cells by property, and what is wrong with it as a row. */
export interface Row {
  record: Record<string, string>;
  fault?: string;
}

type ReadCell = (cell: string) => string;

const known = new Map(Object.keys(CreateMember.shape).map((name) => [plain(name), name]));
/** Columns of our own exports that the server fills; an import has no use for them. */
const made = new Set(
  Object.keys(MemberView.shape)
    .map(plain)
    .filter((name) => !known.has(name)),
);

/** The columns that a file has, and how its rows are read by them. */
export class ImportColumns {
  /** The property of each column; undefined where it has no name, null where it is not read. */
  private readonly names: (string | null | undefined)[];
  private readonly readers: Map<string, ReadCell>;

  /** Throws 422 where the first row does not name columns of members, each once. */
  constructor(
    first: string[],
    private readonly charset: string,
    dateFormat: string,
  ) {
    const last = first.findLastIndex((cell) => cell !== '');
    this.names = first.slice(0, last + 1).map(nameOf);
    refuseForeign(this.names);
    const readDate = dateReader(dateFormat);
    this.readers = new Map(Object.entries(CreateMember.shape).map(([name, type]) => [name, readerOf(type, readDate)]));
  }

  /** Empty cells are absent. */
  row(cells: string[]): Row {
    const record: Record<string, string> = {};
    for (const [index, name] of this.names.entries()) {
      const cell = cells[index];
      if (name && cell) record[name] = this.readers.get(name)?.(withoutGuard(cell)) ?? cell;
    }
    const { length } = this.names;
    if (cells.length < length || cells.slice(length).some((cell) => cell !== '')) {
      return { record, fault: `has ${cells.length} cells where the header has ${length}` };
    }
    if (this.names.some((name, index) => name === undefined && cells[index] !== '')) {
      return { record, fault: 'has a cell in a column without a name' };
    }
    if (cells.some((cell) => cell.includes('\ufffd'))) {
      return { record, fault: `is not ${this.charset.toUpperCase()} text` };
    }
    return { record };
  }
}

/** The same word in any case, with blanks, dashes and underscores or without. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_-]+/g, '');
}

function nameOf(cell: string): string | null | undefined {
  if (cell === '') return undefined;
  const name = plain(cell);
  return made.has(name) ? null : (known.get(name) ?? cell);
}

function refuseForeign(names: (string | null | undefined)[]): void {
  const properties = [...known.values()];
  const unknown = new Set(names.filter((name) => typeof name === 'string' && !properties.includes(name)));
  const repeated = properties.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  const isNamed = names.some((name) => typeof name === 'string');
  if (unknown.size === 0 && repeated.length === 0 && isNamed) return;
  throw new DomainError(
    'request.invalid',
    `The first row must name columns among ${properties.join(', ')}, each once.`,
    {
      errors: [...(unknown as Set<string>), ...repeated].slice(0, 20).map((name) => ({
        pointer: `/${name.slice(0, 50)}`,
        message: unknown.has(name) ? 'is no column of members' : 'is named twice',
      })),
    },
  );
}

function readerOf(type: unknown, readDate: ReadCell): ReadCell {
  let inner = type;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault) {
    inner = inner.unwrap();
  }
  if (inner instanceof z.ZodISODate) return readDate;
  if (!(inner instanceof z.ZodEnum)) return (cell) => cell;
  const values = new Map(inner.options.map((value) => [plain(String(value)), String(value)]));
  return (cell) => values.get(plain(cell)) ?? cell;
}

/** Reads what has this form as `YYYY-MM-DD`, and leaves the rest for the check of its field to refuse. */
function dateReader(format: string): ReadCell {
  const pattern = format
    .replace(/[/.-]/g, '\\$&')
    .replace('YYYY', '(?<year>\\d{4})')
    .replace(/MM?/, '(?<month>\\d{1,2})')
    .replace(/DD?/, '(?<day>\\d{1,2})');
  const form = new RegExp(`^${pattern}$`);
  return (cell) => {
    const { year, month = '', day = '' } = form.exec(cell)?.groups ?? {};
    return year === undefined ? cell : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  };
}
