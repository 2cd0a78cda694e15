import type { Account } from './accounts.service';

/** An account that works, without a second factor: that of the user 7. */
export function anAccount(facts: Partial<Account> = {}): Account {
  return {
    ...{ userId: 7, email: 'somebody@local.example', roles: ['staff'], memberId: 17, mustChangePassword: false },
    ...{
      passwordHash: '',
      firstName: 'Rosa',
      lastName: 'Delgado',
      fault: null,
      passwordsWait: false,
      codesWait: false,
      isGuessedAt: false,
    },
    ...{ mfaSecret: null, isEnrolled: false, mfaLastStep: null },
    ...facts,
  };
}
