import { invalidToken, type Claims, type TokensService } from './tokens.service';

/** The claims of every valid token of `someTokens`. */
const someClaims: Claims = { userId: 7, sessionId: 'family', tier: 'staff', expiresAt: 1 };

/** The service with two valid tokens: `known` was verified before, and `good` was not. */
export const someTokens = {
  known: (token: string) => (token === 'known' ? someClaims : undefined),
  verify: async (token: string) => {
    if (token !== 'good' && token !== 'known') throw invalidToken();
    return someClaims;
  },
} as unknown as TokensService;
