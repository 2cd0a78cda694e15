import { encodeCursor, Random } from '#kernel';
import { Zipf } from '#stress';

export interface Call {
  method: 'GET' | 'PATCH' | 'POST';
  path: string;
  body?: string;
}

/** What of the stored members the calls are made from. */
export interface Sample {
  lastId: number;
  /** Beginnings of last names, three to five letters, as often as members have them. */
  prefixes: string[];
}

/** What tells a turn's writes from those of every other turn. */
export interface Turn {
  random: Random;
  number: number;
}

export const caseNames = ['read', 'read-popular', 'list', 'search', 'update', 'create', 'entries'] as const;
export type CaseName = (typeof caseNames)[number];
/** Every case there is: those that call both servers, the one that calls ours with and without sealing, and those that fill tables, verify the ledger and archive it. */
export const allCaseNames = [...caseNames, 'sealing', 'seed', 'verify', 'archive', 'archive-trail', 'trail'] as const;

const members = '/api/v1/members';

/** A source of calls for one turn. Both servers get calls of the same kind, over the whole table, and never one twice. */
export function callsOf(name: CaseName, sample: Sample, { random, number }: Turn): () => Call {
  const someId = () => random.between(1, sample.lastId);
  let count = 0;
  switch (name) {
    case 'read':
    case 'entries':
      return () => ({ method: 'GET', path: `${members}/${someId()}` });
    case 'read-popular': {
      // Records are as popular as in the stress load, and the same ones in each turn.
      const ids = Array.from({ length: sample.lastId }, (_, index) => index + 1);
      const popular = new Zipf(ids, new Random(sample.lastId));
      return () => ({ method: 'GET', path: `${members}/${popular.draw(random)}` });
    }
    case 'list':
      return () => {
        const cursor = encodeCursor({ sort: '', keys: [String(someId())] });
        return { method: 'GET', path: `${members}?limit=50&cursor=${cursor}` };
      };
    case 'search':
      return () => ({ method: 'GET', path: `${members}?q=${encodeURIComponent(random.pick(sample.prefixes))}` });
    case 'update':
      return () => ({
        method: 'PATCH',
        path: `${members}/${someId()}`,
        body: JSON.stringify({ phone: `555-${number}-${(count += 1)}` }),
      });
    case 'create':
      return () => ({ method: 'POST', path: members, body: JSON.stringify(newMember(`B${number}N${(count += 1)}`)) });
  }
}

function newMember(memberNumber: string): Record<string, string> {
  return {
    memberNumber,
    firstName: 'Rosa',
    lastName: 'Delgado',
    classification: 'journeyman',
    address: '12 Elm Street',
    city: 'Springfield',
    state: 'IL',
    zipCode: '62701',
    phone: '555-0134',
    email: `${memberNumber.toLowerCase()}@example.org`,
    dateOfBirth: '1980-02-29',
    hireDate: '2001-05-01',
  };
}
