import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { recordController } from '#records';
import { registrationFilters, RegistrationView } from './registration.dto';
import { registrations } from './registration.resource';
import { RegistrationService } from './registration.service';

/** Registrations as the office sees them. */
@ApiTags('registrations')
@Controller('registrations')
export class RegistrationsController extends recordController(registrations, {
  name: 'registrations',
  filters: registrationFilters,
  create: z.strictObject({}),
  update: z.strictObject({}),
}) {
  constructor(private readonly registration: RegistrationService) {
    super();
  }

  @Post(':id/confirm')
  @HttpCode(200)
  @Allow('registrations:confirm', {
    summary: 'Confirm that a registration is the member’s own, and mail its link',
    description:
      'After five wrong dates of birth for a member, number and date of birth prove nothing any more: ask the member first.',
    reply: RegistrationView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  confirm(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: z.infer<typeof fields.idParam>,
  ) {
    return this.registration.confirm(context, id);
  }
}
