import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
import { AcceptedView, AccountAddress, Register, ResetPassword, VerifyEmail } from './account.dto';
import { LimitAttempts } from './limit-attempts';
import { RecoveryService } from './recovery.service';
import { RegistrationService } from './registration.service';

/** What people do about their accounts before they can log in. */
@ApiTags('auth')
@Controller('auth')
export class AccountController {
  constructor(
    private readonly registration: RegistrationService,
    private readonly recovery: RecoveryService,
  ) {}

  @Post('register')
  @HttpCode(202)
  @LimitAttempts(Register, 'memberNumber')
  @Allow('auth:register', {
    summary: 'Open an account as a member',
    description:
      'The answer does not tell whether the member exists or has an account; a mail does, to the address on file, or to the one ' +
      'given where there is none. Nothing is reserved: who mistyped something registers again.',
    reply: AcceptedView,
    status: 202,
  })
  register(@Context() context: RequestContext, @Body({ schema: Register }) registration: Register) {
    return this.registration.register(context, registration);
  }

  @Post('verify-email')
  @HttpCode(204)
  @LimitAttempts(VerifyEmail, 'token')
  @Allow('auth:verify-email', {
    summary: 'Prove that an address is mine, and choose the password',
    description:
      'A registration becomes an account by it; nobody but the reader of the mail has ever known its password.',
    errors: ['auth.token-invalid'],
  })
  verifyEmail(@Context() context: RequestContext, @Body({ schema: VerifyEmail }) proof: VerifyEmail) {
    return this.registration.verifyEmail(context, proof);
  }

  @Post('resend-verification')
  @HttpCode(202)
  @LimitAttempts(AccountAddress, 'email')
  @Allow('auth:resend-verification', {
    summary: 'Have the link that proves my address mailed again',
    reply: AcceptedView,
    status: 202,
  })
  resendVerification(@Context() context: RequestContext, @Body({ schema: AccountAddress }) { email }: AccountAddress) {
    return this.registration.resend(context, email);
  }

  @Post('forgot-password')
  @HttpCode(202)
  @LimitAttempts(AccountAddress, 'email')
  @Allow('auth:forgot-password', { summary: 'Have a link for a new password mailed', reply: AcceptedView, status: 202 })
  forgotPassword(@Context() context: RequestContext, @Body({ schema: AccountAddress }) { email }: AccountAddress) {
    return this.recovery.forgotPassword(context, email);
  }

  @Post('reset-password')
  @HttpCode(204)
  @LimitAttempts(ResetPassword, 'token')
  @Allow('auth:reset-password', {
    summary: 'Choose a new password by the link that was mailed',
    description: 'Ends every session of the account. Wrong passwords are forgotten.',
    errors: ['auth.token-invalid'],
  })
  resetPassword(@Context() context: RequestContext, @Body({ schema: ResetPassword }) reset: ResetPassword) {
    return this.recovery.resetPassword(context, reset);
  }
}
