import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import { RequestContext } from '#platform/context';
import { ActorView, ChangePassword, KeySetView, Login, Refresh, SessionView } from './auth.dto';
import { AuthService } from './auth.service';
import { SessionsService } from './sessions.service';
import { TokensService } from './tokens.service';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
    private readonly tokens: TokensService,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Allow('auth:login', { summary: 'Log in', reply: SessionView, errors: ['auth.login-failed'] })
  login(@Body({ schema: Login }) credentials: Login) {
    return this.auth.login(credentials);
  }

  @Post('refresh')
  @HttpCode(200)
  @Allow('auth:refresh', {
    summary: 'Exchange a refresh token',
    description: 'Each refresh token is good once. One that is sent again ends its whole session.',
    reply: SessionView,
    errors: ['auth.token-invalid', 'auth.refresh-reused'],
  })
  refresh(@Body({ schema: Refresh }) { refreshToken }: Refresh) {
    return this.sessions.refresh(refreshToken);
  }

  @Post('logout')
  @HttpCode(204)
  @Allow('auth:logout', { summary: 'End this session' })
  logout() {
    return this.auth.logout(RequestContext.current().sessionId ?? '');
  }

  @Post('logout-all')
  @HttpCode(204)
  @Allow('auth:logout-all', { summary: 'End all my sessions' })
  logoutAll() {
    return this.auth.logoutAll();
  }

  @Get('me')
  @Allow('auth:me', { summary: 'Whose token this is', reply: ActorView })
  me() {
    return this.auth.me();
  }

  @Post('change-password')
  @HttpCode(204)
  @Allow('auth:change-password', {
    summary: 'Change my password',
    description: 'Ends every session of the account, this one too.',
    errors: ['auth.login-failed'],
  })
  changePassword(@Body({ schema: ChangePassword }) change: ChangePassword) {
    return this.auth.changePassword(change);
  }

  @Get('jwks.json')
  @Allow('auth:jwks', { summary: 'The public key that checks access tokens', reply: KeySetView })
  jwks() {
    return this.tokens.keySet();
  }
}
