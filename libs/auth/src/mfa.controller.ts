import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
import { SessionView } from './auth.dto';
import { AuthService } from './auth.service';
import { LimitAttempts } from './limit-attempts';
import { ConfirmMfa, DisableMfa, EnrollmentView, EnrollMfa, RecoveryCodesView, VerifyMfa } from './mfa.dto';
import { SecondFactorService } from './second-factor.service';

@ApiTags('auth')
@Controller('auth/mfa')
export class MfaController {
  constructor(
    private readonly auth: AuthService,
    private readonly secondFactor: SecondFactorService,
  ) {}

  @Post('enroll')
  @HttpCode(200)
  @Allow('auth:mfa-enroll', {
    summary: 'Begin to set up a second factor',
    description: 'It counts once it was confirmed with a code; until then, beginning again makes a new secret.',
    reply: EnrollmentView,
    errors: ['auth.login-failed', 'auth.mfa-enrolled'],
  })
  enroll(@Context() context: RequestContext, @Body({ schema: EnrollMfa }) proof: EnrollMfa) {
    return this.secondFactor.enroll(context, proof);
  }

  @Post('confirm')
  @HttpCode(200)
  @Allow('auth:mfa-confirm', {
    summary: 'Put the second factor into force',
    reply: RecoveryCodesView,
    errors: ['auth.login-failed', 'auth.mfa-enrolled', 'auth.mfa-not-enrolled'],
  })
  confirm(@Context() context: RequestContext, @Body({ schema: ConfirmMfa }) proof: ConfirmMfa) {
    return this.secondFactor.confirm(context, proof);
  }

  @Post('disable')
  @HttpCode(204)
  @Allow('auth:mfa-disable', {
    summary: 'Give the second factor up',
    description: 'Administrators and officers keep theirs; an administrator may reset that of somebody else.',
    errors: ['auth.login-failed', 'auth.mfa-not-enrolled'],
  })
  disable(@Context() context: RequestContext, @Body({ schema: DisableMfa }) proof: DisableMfa) {
    return this.secondFactor.disable(context, proof);
  }

  @Post('verify')
  @HttpCode(200)
  @LimitAttempts(VerifyMfa, 'mfaToken')
  @Allow('auth:mfa-verify', {
    summary: 'Log in, second step',
    description:
      'After five wrong codes in a row from one network, codes from there wait 15 minutes. Recovery codes do not.',
    reply: SessionView,
    errors: ['auth.login-failed', 'auth.token-invalid'],
  })
  verify(@Context() context: RequestContext, @Body({ schema: VerifyMfa }) proof: VerifyMfa) {
    return this.auth.verifyMfa(context, proof);
  }
}
