export { holds, scopeOf, systemActor } from './access';
export { AccessModule } from './access.module';
export { Allow, commonHeaders, OPERATION } from './allow.decorator';
export { DecidingGuard } from './deciding.guard';
export { asTier, limitsOf, tierOf, type AccountTier, type Tier } from './limits';
export {
  BREAK_GLASS,
  COMMON_ROLES,
  OPERATIONS,
  opensByBreakGlass,
  PERMISSIONS,
  ROLES,
  selfRegisteredRole,
  type Operation,
  type Permission,
  type Role,
  type Scope,
} from './permissions';
export { PasswordProofsService } from './password-proofs.service';
export { PersonsService } from './persons.service';
export { RolesGuard } from './roles.guard';
