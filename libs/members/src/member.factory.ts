import type { CreateMember } from './member.dto';

let made = 0;

/** A valid member to create, with every field filled; each call makes another person with a number of their own. */
export function aMember(overrides: Partial<CreateMember> = {}): CreateMember {
  made += 1;
  return {
    memberNumber: `F${String(made).padStart(7, '0')}`,
    firstName: 'Rosa',
    lastName: `Delgado ${made}`,
    middleName: 'Elena',
    address: `${made} Elm Street`,
    city: 'Springfield',
    state: 'WA',
    zipCode: '98001',
    phone: '555-0134',
    email: `rosa${made}@example.org`,
    dateOfBirth: '1980-02-29',
    hireDate: '2004-05-17',
    status: 'active',
    classification: 'journeyman',
    notes: `Keeps the minutes, ${made} times so far.`,
    ...overrides,
  };
}
