export { AuthModule } from './auth.module';
export { AuthenticationGuard } from './authentication.guard';
export { RefreshToken } from './refresh-token.entity';
export { RoleRow, UserRole } from './role.entity';
export { SessionsService } from './sessions.service';
export { CreateUser } from './user.dto';
export { User } from './user.entity';
export { UsersService } from './users.service';
