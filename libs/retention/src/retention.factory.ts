import type { CreateLegalHold } from './legal-hold.dto';
import type { CreateRetentionPolicy } from './retention-policy.dto';

/** A valid hold on the entries about grievances, or on what the overrides say. */
export function aHold(overrides: Partial<CreateLegalHold> = {}): CreateLegalHold {
  return {
    matter: 'Delgado v. Northern Electric',
    reason: 'Letter of counsel of 3 November.',
    tableName: 'grievances',
    everything: false,
    ...overrides,
  };
}

/** A valid policy under a framework that no migration knows. */
export function aPolicy(overrides: Partial<CreateRetentionPolicy> = {}): CreateRetentionPolicy {
  return {
    tableName: 'members',
    framework: 'Bylaws',
    years: 10,
    source: 'Bylaws, Art. XII § 3.',
    ...overrides,
  };
}
