import { Global, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import { CONFIG, type Config } from '#platform/config';
import { SecretBox } from '#platform/secrets';
import { GcraStorage } from '#platform/throttling';
import { AccountController } from './account.controller';
import { AccountsService } from './accounts.service';
import { AuthController } from './auth.controller';
import { AuthService } from './auth.service';
import { ExpiryTask } from './expiry.task';
import { LoadAccountsService } from './load-accounts.service';
import { MfaController } from './mfa.controller';
import { OneTimeTokensService } from './one-time-tokens.service';
import { RecoveryService } from './recovery.service';
import { RegistrationService } from './registration.service';
import { RegistrationsController } from './registrations.controller';
import { RoleThrottlerGuard } from './role-throttler.guard';
import { SecondFactorService } from './second-factor.service';
import { SessionsService } from './sessions.service';
import { throttlerOptions } from './throttlers';
import { TokensModule } from './tokens.module';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Global()
@Module({
  imports: [
    TokensModule,
    ThrottlerModule.forRootAsync({ inject: [CONFIG, GcraStorage], useFactory: throttlerOptions }),
  ],
  controllers: [AuthController, AccountController, MfaController, RegistrationsController, UsersController],
  providers: [
    AccountsService,
    AuthService,
    ExpiryTask,
    LoadAccountsService,
    OneTimeTokensService,
    RecoveryService,
    RegistrationService,
    RoleThrottlerGuard,
    SecondFactorService,
    { provide: SecretBox, inject: [CONFIG], useFactory: (config: Config) => new SecretBox(config, 'secrets') },
    SessionsService,
    UsersService,
  ],
  exports: [LoadAccountsService, RoleThrottlerGuard, SessionsService, TokensModule, UsersService],
})
export class AuthModule {}
