import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import { Context } from '#platform/http';
import type { RequestContext } from '#platform/context';
import {
  ActorView,
  ChangePassword,
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
  @LimitAttempts(Login, 'email')
  @Allow('auth:login', {
    summary: 'Log in',
    description: 'An account with a second factor gets a token for `POST /auth/mfa/verify` instead of a session.',
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
    description: 'Each refresh token is good once. One that is sent again ends its whole session.',
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
  @Allow('auth:logout-all', { summary: 'End all my sessions' })
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
  @Allow('auth:end-session', { summary: 'End one of my sessions', errors: ['record.not-found'] })
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

  @Get('jwks.json')
  @Allow('auth:jwks', { summary: 'The public keys that check access tokens', reply: KeySetView })
  jwks() {
    return this.keys.published;
  }
}
