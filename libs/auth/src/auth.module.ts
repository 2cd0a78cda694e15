import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '#platform/config';
import { SecretBox } from '#platform/secrets';
import { AccountController } from './account.controller';
import { AccountsService } from './accounts.service';
import { AdmissionService } from './admission.service';
import { AuthController } from './auth.controller';
import { AuthService } from './auth.service';
import { ExpiryTask } from './expiry.task';
import { LoadAccountsService } from './load-accounts.service';
import { MfaController } from './mfa.controller';
import { OneTimeTokensService } from './one-time-tokens.service';
import { RecoveryService } from './recovery.service';
import { RegistrationService } from './registration.service';
import { SecondFactorService } from './second-factor.service';
import { SessionsService } from './sessions.service';
import { TokensModule } from './tokens.module';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Global()
@Module({
  imports: [TokensModule],
  controllers: [AuthController, AccountController, MfaController, UsersController],
  providers: [
    AccountsService,
    AdmissionService,
    AuthService,
    ExpiryTask,
    LoadAccountsService,
    OneTimeTokensService,
    RecoveryService,
    RegistrationService,
    SecondFactorService,
    { provide: SecretBox, inject: [CONFIG], useFactory: (config: Config) => new SecretBox(config, 'secrets') },
    SessionsService,
    UsersService,
  ],
  exports: [AdmissionService, LoadAccountsService, SessionsService, TokensModule, UsersService],
})
export class AuthModule {}
