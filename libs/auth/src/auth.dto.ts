import { z } from 'zod';

/** Length counts more than alphabet (NIST SP 800-63B §5.1.1.2); the cap bounds the work of hashing. */
export const newPassword = z
  .string()
  .min(12, 'must have at least 12 characters')
  .max(256)
  .refine((value) => new Set(value).size >= 5, { error: 'must hold at least five different characters' })
  .meta({ examples: ['correct horse battery staple'] });

export const Login = z
  .strictObject({
    email: z.string().trim().toLowerCase().min(1).max(255).meta({ examples: ['clerk@local.example'] }),
    password: z.string().min(1).max(256),
  })
  .meta({ id: 'Login' });
export type Login = z.infer<typeof Login>;

export const Refresh = z.strictObject({ refreshToken: z.string().min(1).max(200) }).meta({ id: 'Refresh' });
export type Refresh = z.infer<typeof Refresh>;

export const ChangePassword = z
  .strictObject({ currentPassword: z.string().min(1).max(256), newPassword })
  .meta({ id: 'ChangePassword' });
export type ChangePassword = z.infer<typeof ChangePassword>;

export const SessionView = z
  .object({
    accessToken: z.string().describe('Send it as `Authorization: Bearer …`.'),
    refreshToken: z.string().describe('Good for one refresh.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds the access token is good for.'),
  })
  .meta({ id: 'SessionView' });

export const ActorView = z
  .object({
    id: z.int(),
    email: z.string(),
    roles: z.array(z.string()),
    memberId: z.int().nullable(),
    mustChangePassword: z.boolean(),
  })
  .meta({ id: 'ActorView' });

export const KeySetView = z
  .object({ keys: z.array(z.record(z.string(), z.unknown())) })
  .meta({ id: 'KeySetView' });

