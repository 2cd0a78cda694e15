export { accountEntities } from './account-entities';
export { AuthModule } from './auth.module';
export { JwtAuthGuard } from './jwt-auth.guard';
export { LoadAccountsService, type LoadAccountRow } from './load-accounts.service';
export { RoleThrottlerGuard } from './role-throttler.guard';
export { CreateUser } from './user.dto';
export { User } from './user.entity';
export { weaknessOf } from './passwords';
export { UsersService } from './users.service';
