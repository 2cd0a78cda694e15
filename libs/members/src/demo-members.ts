import { FIRST_NAMES, LAST_NAMES } from '#kernel';
import type { RequestContext } from '#platform/context';
import type { Records } from '#records';
import type { CreateMember } from './member.dto';
import { CLASSIFICATIONS, MEMBER_STATUSES } from './member.entity';
import { members } from './member.resource';

const streets = ['Elm Street', 'Dock Road', 'Union Avenue', 'Harbor Lane', 'Mill Street'];
const demoMembers = 200;

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** A synthetic member; the same index is always the same person. Nobody real. */
function demoMember(index: number): CreateMember {
  const firstName = pick(FIRST_NAMES, (index - 1) * 7);
  const bornIn = 1955 + (index % 48);
  const lastName = pick(LAST_NAMES, (index - 1) * 4 + Math.floor((index - 1) / 16));
  return {
    memberNumber: String(7_400_000 + index * 37),
    firstName,
    lastName,
    address: `${(index % 90) + 1} ${pick(streets, index)}`,
    city: 'Springfield',
    state: 'WA',
    zipCode: String(98_000 + (index % 200)),
    phone: `555-${String(1000 + index)}`,
    email: `member${index}@example.org`,
    dateOfBirth: `${bornIn}-${String((index % 12) + 1).padStart(2, '0')}-15`,
    hireDate: `${bornIn + 18 + (index % 6)}-${String((index % 12) + 1).padStart(2, '0')}-01`,
    status: index % 9 === 0 ? pick(MEMBER_STATUSES, index / 9) : 'active',
    classification: pick(CLASSIFICATIONS, index * 2),
  };
}

/** Creates the demo local's members, each with its entry, and returns their ids. */
export async function seedDemoMembers(context: RequestContext, records: Records): Promise<number[]> {
  const ids: number[] = [];
  for (let index = 1; index <= demoMembers; index += 1) {
    const { createdId } = await records.create(context, members, demoMember(index));
    ids.push(createdId as number);
  }
  return ids;
}
