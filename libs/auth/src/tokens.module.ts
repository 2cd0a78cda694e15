import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { JwtKeys, jwtOptions } from './jwt-keys';
import { JwtStrategy } from './jwt.strategy';
import { TokensService } from './tokens.service';

@Module({ providers: [JwtKeys], exports: [JwtKeys] })
class JwtKeysModule {}

/** Access tokens: their keys, JwtService over them, and passport's strategy. */
@Module({
  imports: [
    JwtKeysModule,
    JwtModule.registerAsync({ imports: [JwtKeysModule], inject: [JwtKeys], useFactory: jwtOptions }),
    PassportModule,
  ],
  providers: [JwtStrategy, TokensService],
  exports: [JwtKeysModule, TokensService],
})
export class TokensModule {}
