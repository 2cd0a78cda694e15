import { z } from 'zod';
import { fields } from '#platform/http';
import { newPassword } from './auth.dto';
import { withoutSeparators } from './random-tokens';

const email = fields.email.meta({ examples: ['member@local.example'] });
const token = z.string().min(1).max(200).describe('The one in the link that was mailed; good once.');

export const Register = z
  .strictObject({
    memberNumber: fields
      .text(50)
      .overwrite((typed) => withoutSeparators(typed).toUpperCase())
      .describe('The number on the union card, in any case.')
      .meta({ examples: ['7464416'] }),
    dateOfBirth: fields.day.describe('As the local has it on file.').meta({ examples: ['1980-05-17'] }),
    email: email.describe('The one that the local has on file for the member, where it has one.'),
  })
  .meta({ id: 'Register' });
export type Register = z.infer<typeof Register>;

export const VerifyEmail = z.strictObject({ token, newPassword }).meta({ id: 'VerifyEmail' });
export type VerifyEmail = z.infer<typeof VerifyEmail>;

export const AccountAddress = z.strictObject({ email }).meta({ id: 'AccountAddress' });
export type AccountAddress = z.infer<typeof AccountAddress>;

export const ResetPassword = z.strictObject({ token, newPassword }).meta({ id: 'ResetPassword' });
export type ResetPassword = z.infer<typeof ResetPassword>;

export const AcceptedView = z
  .object({
    message: z.string().describe('The same whether or not there is such an account or member. The mail tells more.'),
  })
  .meta({ id: 'AcceptedView' });
export type AcceptedView = z.infer<typeof AcceptedView>;
