import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';

const made = {
  memberId: z.int().describe('The member whose account it will be.'),
  email: z
    .string()
    .describe('Where the link goes.')
    .meta({ examples: ['member@local.example'] }),
  expiresAt: fields.instantView,
  usedAt: fields.instantView.nullable().describe('When it became an account, or a newer one took its place.'),
  needsConfirmation: z
    .boolean()
    .describe('Whether too many wrong dates of birth were sent for the member, so that the office must confirm it.'),
  confirmedBy: z.int().nullable().describe('The user who confirmed it.'),
  confirmedAt: fields.instantView.nullable().describe('When the office confirmed it; no link is mailed before.'),
};
export const RegistrationView = viewOf('RegistrationView', {}, { isSoft: false, made });

export const registrationFilters = {
  memberId: fields.idText.optional().describe('Registrations of this member.'),
  status: z
    .enum(['waiting', 'open', 'used'])
    .optional()
    .describe('Those that wait for the office, those whose link was mailed, or those that are done.'),
};
