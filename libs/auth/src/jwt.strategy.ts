import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport';
import { bearerTokenOf } from '#platform/http';
import type { Claims, TokensService } from './tokens.service';

/** What the guard hands along with a request. */
export interface Authentication {
  session: false;
  /** Passport is one for the whole process; so the application that asks brings its own service. */
  tokens: TokensService;
}

type Done = (error: unknown, claims?: Claims) => void;
type Validate = (token: string, tokens: TokensService, done: Done) => void;
type BearerRequest = Parameters<typeof bearerTokenOf>[0];

/** Passport's side: finds the bearer token (RFC 6750) and answers whose it is. */
class BearerStrategy extends Strategy {
  constructor(private readonly validateToken: Validate) {
    super();
  }

  override authenticate(request: unknown, { tokens }: Authentication): void {
    this.validateToken(bearerTokenOf(request as BearerRequest) ?? '', tokens, (error, claims) => {
      if (claims) this.success(claims);
      else this.error(error);
    });
  }
}

/** Checks an access token when the process sees it for the first time. The guard remembers it. */
@Injectable()
export class JwtStrategy extends PassportStrategy(BearerStrategy, 'jwt') {
  /** Throws a 401 for a token that is not good. */
  validate(token: string, tokens: TokensService): Promise<Claims> {
    return tokens.verify(token);
  }
}
