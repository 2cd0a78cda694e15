import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import { Context } from '#platform/http';
import type { RequestContext } from '#platform/context';
import {
  ActorView,
  ChangePassword,
  ConfirmPassword,
  KeySetView,
  Login,
  LoginView,
  OwnSessionsView,
  Refresh,
  SessionId,
  SessionView,
} from './auth.dto';
import { AuthService } from './auth.service';
import { SessionsService } from './sessions.service';
import { LimitAttempts } from './limit-attempts';
import { JwtKeys } from './jwt-keys';

const takesProof = 'Takes a log-in, or `POST /auth/confirm-password`, at most 15 minutes ago in this session.';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
    private readonly keys: JwtKeys,
  ) {}

  @Post('login')
  @HttpCode(200)
  @LimitAttempts(Login, 'email', { perNetwork: true })
  @Allow('auth:login', {
    summary: 'Log in',
    description:
      'An account with a second factor gets a token for `POST /auth/mfa/verify` instead of a session. After five wrong ' +
      'passwords in a row from one network, log-ins from there to the account wait 15 minutes. Its sessions go on.',
    reply: LoginView,
    errors: ['auth.login-failed'],
  })
  login(@Context() context: RequestContext, @Body({ schema: Login }) credentials: Login) {
    return this.auth.login(context, credentials);
  }

  @Post('refresh')
  @HttpCode(200)
  @LimitAttempts(Refresh, 'refreshToken')
  @Allow('auth:refresh', {
    summary: 'Exchange a refresh token',
    description:
      'Each refresh token is good once. One that is sent again within 10 seconds gets another pair, for two tabs or a lost ' +
      'reply. Later it ends its whole session.',
    reply: SessionView,
    errors: ['auth.token-invalid', 'auth.refresh-reused'],
  })
  refresh(@Context() context: RequestContext, @Body({ schema: Refresh }) { refreshToken }: Refresh) {
    return this.sessions.refresh(context, refreshToken);
  }

  @Post('logout')
  @HttpCode(204)
  @Allow('auth:logout', { summary: 'End this session' })
  logout(@Context() context: RequestContext) {
    return this.auth.logout(context);
  }

  @Post('logout-all')
  @HttpCode(204)
  @Allow('auth:logout-all', {
    summary: 'End all my sessions',
    description: takesProof,
    errors: ['auth.password-needed'],
  })
  logoutAll(@Context() context: RequestContext) {
    return this.auth.logoutAll(context);
  }

  @Get('sessions')
  @Allow('auth:list-sessions', { summary: 'My sessions', reply: OwnSessionsView })
  listSessions(@Context() context: RequestContext) {
    return this.sessions.list(context);
  }

  @Delete('sessions/:id')
  @HttpCode(204)
  @Allow('auth:end-session', {
    summary: 'End one of my sessions',
    description: `${takesProof} This session itself ends without.`,
    errors: ['record.not-found', 'auth.password-needed'],
  })
  endSession(@Context() context: RequestContext, @Param({ schema: SessionId }) { id }: SessionId) {
    return this.sessions.endOwn(context, id);
  }

  @Get('me')
  @Allow('auth:me', { summary: 'Whose token this is', reply: ActorView })
  me(@Context() context: RequestContext) {
    return this.auth.me(context);
  }

  @Post('change-password')
  @HttpCode(204)
  @Allow('auth:change-password', {
    summary: 'Change my password',
    description: 'Ends every session of the account, this one too.',
    errors: ['auth.login-failed'],
  })
  changePassword(@Context() context: RequestContext, @Body({ schema: ChangePassword }) change: ChangePassword) {
    return this.auth.changePassword(context, change);
  }

  @Post('confirm-password')
  @HttpCode(204)
  @Allow('auth:confirm-password', {
    summary: 'Prove my password again',
    description: 'Good for 15 minutes in this session, as its log-in is. Wrong passwords count as they do at a log-in.',
    errors: ['auth.login-failed'],
  })
  confirmPassword(
    @Context() context: RequestContext,
    @Body({ schema: ConfirmPassword }) { password }: ConfirmPassword,
  ) {
    return this.auth.confirmPassword(context, password);
  }

  @Get('jwks.json')
  @Allow('auth:jwks', { summary: 'The public keys that check access tokens', reply: KeySetView })
  jwks() {
    return this.keys.published;
  }
}
