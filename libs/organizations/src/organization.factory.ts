import type { z } from 'zod';
import type { CreateOrganization, CreateOrganizationContact } from './organization.dto';

let made = 0;

/** A valid organization to create; each call makes another one. */
export function anOrganization(overrides: Partial<z.infer<typeof CreateOrganization>> = {}) {
  made += 1;
  return {
    name: `Harbor Electric ${made}`,
    orgType: 'employer' as const,
    address: `${made} Dock Road`,
    city: 'Springfield',
    state: 'WA',
    zipCode: '98001',
    phone: '555-0140',
    email: `office${made}@harbor.example`,
    website: 'https://harbor.example',
    ...overrides,
  };
}

/** A valid contact of an organization that exists. */
export function aContact(organizationId: number, overrides: Partial<CreateOrganizationContact> = {}) {
  made += 1;
  return {
    organizationId,
    firstName: 'Dana',
    lastName: `Reyes ${made}`,
    title: 'Payroll manager',
    phone: '555-0141',
    email: `dana${made}@harbor.example`,
    isPrimary: false,
    notes: 'Calls back in the morning.',
    ...overrides,
  };
}
