import { z } from 'zod';
import { fields } from '#platform/http';
import { MfaRequiredView } from './mfa.dto';

/** Length counts more than alphabet (NIST SP 800-63B §5.1.1.2); the cap bounds the work of hashing. */
export const newPassword = z
  .string()
  .normalize('NFC')
  .min(12, 'must have at least 12 characters')
  .max(128)
  .refine((value) => new Set(value).size >= 5, { error: 'must hold at least five different characters' })
  .describe('None of the 3,000 commonest, and more than words of the name, the e-mail address and the local.')
  .meta({ examples: ['correct horse battery staple'] });

export const Login = z
  .strictObject({
    email: z
      .string()
      .trim()
      .toLowerCase()
      .min(1)
      .max(255)
      .meta({ examples: ['clerk@local.example'] }),
    password: z
      .string()
      .min(1)
      .max(256)
      .meta({ examples: ['correct horse battery staple'] }),
  })
  .meta({ id: 'Login' });
export type Login = z.infer<typeof Login>;

export const Refresh = z
  .strictObject({ refreshToken: z.string().min(1).max(200).describe('The newest one of the session.') })
  .meta({ id: 'Refresh' });
export type Refresh = z.infer<typeof Refresh>;

export const ChangePassword = z
  .strictObject({ currentPassword: z.string().min(1).max(256).describe('The one that is good now.'), newPassword })
  .meta({ id: 'ChangePassword' });
export type ChangePassword = z.infer<typeof ChangePassword>;

export const ConfirmPassword = z
  .strictObject({ password: z.string().min(1).max(256).describe('The one that is good now.') })
  .meta({ id: 'ConfirmPassword' });
export type ConfirmPassword = z.infer<typeof ConfirmPassword>;

export const SessionView = z
  .object({
    accessToken: z.string().describe('Send it as `Authorization: Bearer …`.'),
    refreshToken: z.string().describe('Good for one refresh.'),
    tokenType: z.literal('Bearer').describe('The scheme of the Authorization header (RFC 6750).'),
    expiresIn: z.int().describe('Seconds the access token is good for.'),
  })
  .meta({ id: 'SessionView' });

export const LoginView = z.union([SessionView, MfaRequiredView]).meta({ id: 'LoginView' });

export const SessionId = z.strictObject({ id: z.guid().describe('The id of a session, as the list shows it.') });
export type SessionId = z.infer<typeof SessionId>;

const OwnSession = z
  .object({
    id: z.string().meta({ format: 'uuid', examples: ['0b9f2c64-1c5e-4a57-8a53-6a1d3f6b7c11'] }),
    createdAt: fields.instantView,
    lastUsedAt: fields.instantView.describe('When it began or was refreshed last.'),
    ipAddress: z.string().nullable().describe('Where that came from.'),
    userAgent: z.string().nullable().describe('And by which program.'),
    isCurrent: z.boolean().describe('Whether it is the session of this request.'),
  })
  .meta({ id: 'OwnSession' });
export const OwnSessionsView = z.object({ items: z.array(OwnSession) }).meta({ id: 'OwnSessionsView' });
export type OwnSessionsView = z.infer<typeof OwnSessionsView>;

export const ActorView = z
  .object({
    id: z.int().describe('The id of the user.'),
    email: z.string().meta({ examples: ['clerk@local.example'] }),
    roles: z.array(z.string()).describe('The roles that count now.'),
    memberId: z.int().nullable().describe('The member whose account this is, if it is a member’s.'),
    mustChangePassword: z.boolean().describe('Whether nothing else is permitted before the password was changed.'),
  })
  .meta({ id: 'ActorView' });

export const KeySetView = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())).describe('JSON Web Keys (RFC 7517).') })
  .meta({ id: 'KeySetView' });
