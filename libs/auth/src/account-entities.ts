import { MfaRecoveryCode } from './mfa-recovery-code.entity';
import { OneTimeToken } from './one-time-token.entity';
import { RefreshToken } from './refresh-token.entity';
import { Registration } from './registration.entity';
import { RoleRow, UserRole } from './role.entity';
import { StandInAccount } from './stand-in-account.entity';
import { User } from './user.entity';

/** The entities of accounts, for the data source. */
export const accountEntities = [
  User,
  RoleRow,
  UserRole,
  RefreshToken,
  OneTimeToken,
  MfaRecoveryCode,
  Registration,
  StandInAccount,
];
