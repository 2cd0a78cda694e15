import { z } from 'zod';
import { withoutSeparators } from './random-tokens';

const password = z.string().min(1).max(256);
/** Apps show codes in groups, and what is copied has blanks and dashes of many kinds. */
const code = z
  .string()
  .max(50)
  .overwrite((text) => withoutSeparators(text))
  .regex(/^\d{6}$/, 'must have six digits')
  .describe('What the authenticator app shows now, blanks or none; good once.')
  .meta({ examples: ['492039'] });

export const EnrollMfa = z
  .strictObject({ currentPassword: password.describe('The one that is good now.') })
  .meta({ id: 'EnrollMfa' });
export type EnrollMfa = z.infer<typeof EnrollMfa>;

export const ConfirmMfa = z.strictObject({ code }).meta({ id: 'ConfirmMfa' });
export type ConfirmMfa = z.infer<typeof ConfirmMfa>;

export const DisableMfa = z
  .strictObject({ password: password.describe('The one that is good now.'), code })
  .meta({ id: 'DisableMfa' });
export type DisableMfa = z.infer<typeof DisableMfa>;

export const VerifyMfa = z
  .strictObject({
    mfaToken: z.string().min(1).max(200).describe('The one the log-in answered with.'),
    code: code.optional(),
    recoveryCode: z
      .string()
      .max(100)
      .overwrite((text) => withoutSeparators(text))
      .min(1)
      .optional()
      .describe('Instead of a code; good once.'),
  })
  .refine((proof) => (proof.code === undefined) !== (proof.recoveryCode === undefined), {
    error: 'must hold either code or recoveryCode',
  })
  .meta({ id: 'VerifyMfa' });
export type VerifyMfa = z.infer<typeof VerifyMfa>;

export const EnrollmentView = z
  .object({
    secret: z.string().describe('The shared secret in base32, for those who type it.'),
    otpauthUrl: z.string().describe('The same as a URL, to be shown as a QR code.'),
  })
  .meta({ id: 'EnrollmentView' });

export const RecoveryCodesView = z
  .object({ recoveryCodes: z.array(z.string()).describe('Each good once. They are shown here and never again.') })
  .meta({ id: 'RecoveryCodesView' });

export const MfaRequiredView = z
  .object({
    mfaRequired: z.literal(true).describe('The account takes a second factor: no session has begun yet.'),
    mfaToken: z.string().describe('Send it to `POST /auth/mfa/verify` with a code.'),
    expiresIn: z.int().describe('Seconds the token is good for.'),
  })
  .meta({ id: 'MfaRequiredView' });
export type MfaRequiredView = z.infer<typeof MfaRequiredView>;
