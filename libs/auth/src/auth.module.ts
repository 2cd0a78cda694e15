import { Global, Module } from '@nestjs/common';
import { AuthController } from './auth.controller';
import { AuthService } from './auth.service';
import { SessionsService } from './sessions.service';
import { TokensService } from './tokens.service';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Global()
@Module({
  controllers: [AuthController, UsersController],
  providers: [AuthService, SessionsService, TokensService, UsersService],
  exports: [SessionsService, TokensService, UsersService],
})
export class AuthModule {}
