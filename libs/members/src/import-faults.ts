import { z } from 'zod';
import { Turns } from '#kernel';
import type { Row } from './import-columns';
import { CreateMember, UpdateMember } from './member.dto';

/** Faults that a report lists; beyond, they are only counted. */
export const maxListedErrors = 1000;

export const RowError = z.object({
  row: z.int().describe('The row of data, counted from 1. Rows of empty cells are not counted.'),
  field: z.string(),
  message: z.string(),
});

/** With the member who has the number already. */
export type Fault = z.infer<typeof RowError> & { memberId?: number };

/** A row as it was found: what it says, and all that is wrong with it. */
export interface Assessed {
  row: number;
  /** In its normal form; absent where it is none. */
  number?: string;
  values: CreateMember | UpdateMember;
  faults: Fault[];
}

export const duplicate = { field: 'memberNumber', message: 'is the number of another member' };

/** The same number in any case, as the database has it. */
function normal(memberNumber: string): string {
  return memberNumber.toLowerCase();
}

/** The number of a row, in its normal form. */
export function numberOf({ record }: Row): string | undefined {
  const { data } = CreateMember.shape.memberNumber.safeParse(record.memberNumber);
  return data === undefined ? undefined : normal(data);
}

/** The faults that rows have by themselves. A row of a member who `isHeld` may leave out what is to stay. */
export async function assessed(
  batch: Row[],
  rowsBefore: number,
  isHeld: (number: string) => boolean,
): Promise<Assessed[]> {
  const rows: Assessed[] = [];
  const turns = new Turns();
  for (const [index, { record, fault }] of batch.entries()) {
    await turns.next();
    const row = rowsBefore + index + 1;
    if (fault) {
      rows.push({ row, values: {}, faults: [{ row, field: '', message: fault }] });
      continue;
    }
    const number = numberOf({ record });
    const form = number !== undefined && isHeld(number) ? UpdateMember : CreateMember;
    const { data, error } = form.safeParse(record);
    const faults = error?.issues.map(({ path, message }) => ({ row, field: path.join('.'), message }));
    rows.push({ row, number, values: data ?? {}, faults: faults ?? faultsOfDates(row, data ?? {}) });
  }
  return rows;
}

/** The table's rule over two fields: broken in a statement over many rows, it would not say which row it was. */
export function faultsOfDates(row: number, { hireDate, dateOfBirth }: UpdateMember): Fault[] {
  if (!hireDate || !dateOfBirth || hireDate > dateOfBirth) return [];
  return [{ row, field: 'hireDate', message: 'must be after dateOfBirth' }];
}

/** Finds numbers that an earlier row has. `numbers` are theirs; in a report, faulty rows have none, for nobody gets them. */
export function refuseRepeated(rows: Assessed[], numbers: Set<string>, isReport: boolean): void {
  for (const { row, number, faults } of rows) {
    if (number === undefined) continue;
    if (numbers.has(number)) faults.push({ row, ...duplicate });
    else if (!isReport || faults.length === 0) numbers.add(number);
  }
}

export function rowsIn(errors: Fault[]): number {
  return new Set(errors.map(({ row }) => row)).size;
}

export function listed(before: Fault[], found: Fault[]): Fault[] {
  return [...before, ...found.sort((a, b) => a.row - b.row)].slice(0, maxListedErrors);
}
