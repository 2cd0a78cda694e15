import type { Operation } from '#access';
import { LAST_NAMES, type Random } from '#kernel';
import { Zipf } from './zipf';

/** Who sends requests: the office at its desks, members at home, and visitors without an account. */
const CROWDS = ['office', 'members', 'public'] as const;
export type Crowd = (typeof CROWDS)[number];

/** What part of all requests each crowd sends. A clerk asks as much as twenty-five members. */
const shareOf: Record<Crowd, number> = { office: 0.2, members: 0.78, public: 0.02 };

/** One user of the service in this many belongs to the office (40 to 4,000), and one is a visitor; the others are members. */
const usersPerClerk = 100;

/** How many users of each crowd make up `users`. */
export function crowdsOf(users: number): Record<Crowd, number> {
  const few = Math.max(1, Math.round(users / usersPerClerk));
  return { office: few, members: users - 2 * few, public: few };
}

/** What the ledger must hold of a request that was answered well: that something was shown, that it was changed, a log-in, or nothing. */
export type Evidence = 'shown' | 'changed' | 'entered' | 'none';

/** One request, as it is sent. `record` is the record whose version the reply tells, and `value` what the request sets in it. */
export interface Errand {
  operation: Operation;
  method: 'GET' | 'PATCH' | 'POST';
  path: string;
  body?: string;
  record?: string;
  value?: string;
  evidence: Evidence;
}

/** Where to send an errand of a user to: what is popular, and what the user changed before. */
interface Places {
  member: () => number;
  organization: () => number;
  employment: () => number;
  /** The beginning of a name, as somebody types it. */
  name: () => string;
  /** The path of a record that the user changed lately, or the one given. */
  again: (path: string) => string;
  /** A value that no other request sets. */
  newValue: () => string;
  credentials: () => { email: string; password: string };
}

type Draft = Omit<Errand, 'operation' | 'evidence' | 'method'> & Partial<Pick<Errand, 'evidence' | 'method'>>;
type Line = readonly [weight: number, operation: Operation, draft: (places: Places) => Draft];

const read = (path: string): Draft => ({ path });
/** A record whose reply tells its version. */
const look = (path: string): Draft => ({ path, record: path });
const change = (path: string, field: string, value: string): Draft => ({
  path,
  record: path,
  value,
  method: 'PATCH',
  body: JSON.stringify({ [field]: value }),
  evidence: 'changed',
});

/** The mix: nine reads to one change in each crowd. Weights count within a crowd. */
const lines: Record<Crowd, readonly Line[]> = {
  office: [
    [26, 'members:read', ({ member, again }) => look(again(`/members/${member()}`))],
    [14, 'members:list', ({ name }) => read(`/members?q=${encodeURIComponent(name())}&limit=25`)],
    [6, 'members:list', () => read('/members?sort=lastName&limit=50')],
    [14, 'members:employments', ({ member }) => read(`/members/${member()}/employments?limit=50`)],
    [8, 'organizations:read', ({ organization, again }) => look(again(`/organizations/${organization()}`))],
    [6, 'organizations:contacts', ({ organization }) => read(`/organizations/${organization()}/contacts`)],
    [6, 'organizations:list', ({ name }) => read(`/organizations?q=${encodeURIComponent(name())}&limit=25`)],
    [6, 'member-employments:read', ({ employment, again }) => look(again(`/member-employments/${employment()}`))],
    [4, 'grievances:list', () => read('/grievances?limit=25')],
    [6, 'members:update', ({ member, newValue }) => change(`/members/${member()}`, 'phone', newValue())],
    [
      2,
      'organizations:update',
      ({ organization, newValue }) => change(`/organizations/${organization()}`, 'phone', newValue()),
    ],
    [
      2,
      'member-employments:update',
      ({ employment, newValue }) => change(`/member-employments/${employment()}`, 'jobTitle', newValue()),
    ],
  ],
  members: [
    [54, 'me:read', () => look('/me')],
    [16, 'me:employments', () => read('/me/employments')],
    [12, 'me:access-log', () => read('/me/access-log?limit=20')],
    [4, 'me:grievances', () => read('/me/grievances')],
    [4, 'me:benevolence-applications', () => read('/me/benevolence-applications')],
    [10, 'me:update', ({ newValue }) => change('/me', 'phone', newValue())],
  ],
  public: [
    [90, 'auth:jwks', () => ({ path: '/auth/jwks.json', evidence: 'none' })],
    [
      10,
      'auth:login',
      ({ credentials }) => ({
        path: '/auth/login',
        method: 'POST',
        body: JSON.stringify(credentials()),
        evidence: 'entered',
      }),
    ],
  ],
};

/** How often a clerk looks again at what they changed just now, rather than at something else. */
const looksAgain = 0.5;

export type IdsOfRecords = Record<'members' | 'organizations' | 'employments', number[]>;

/** Draws what is done next, and with which record. */
export class LoadMix {
  private readonly places: Omit<Places, 'again'>;

  constructor(
    ids: IdsOfRecords,
    private readonly random: Random,
    facts: Pick<Places, 'newValue' | 'credentials'>,
  ) {
    const drawOf = (values: number[]) => {
      const popular = new Zipf(values, random);
      return () => popular.draw();
    };
    this.places = {
      ...facts,
      member: drawOf(ids.members),
      organization: drawOf(ids.organizations),
      employment: drawOf(ids.employments),
      name: () => random.pick(LAST_NAMES).slice(0, random.between(2, 5)),
    };
  }

  crowd(): Crowd {
    return this.random.weighted(CROWDS.map((crowd) => [crowd, shareOf[crowd]] as const));
  }

  /** The next errand of one of the crowd. `changed` are the records this user changed lately. */
  errand(crowd: Crowd, changed: readonly string[]): Errand {
    const [, operation, draft] = this.line(crowd);
    const again = (path: string) => {
      const folder = path.slice(0, path.lastIndexOf('/') + 1);
      const own = changed.filter((record) => record.startsWith(folder));
      return own.length > 0 && this.random.next() < looksAgain ? this.random.pick(own) : path;
    };
    return { operation, method: 'GET', evidence: 'shown', ...draft({ ...this.places, again }) };
  }

  private line(crowd: Crowd): Line {
    const ofCrowd = lines[crowd];
    let rest = this.random.next() * ofCrowd.reduce((sum, [weight]) => sum + weight, 0);
    return ofCrowd.find(([weight]) => (rest -= weight) < 0) ?? (ofCrowd[0] as Line);
  }
}
