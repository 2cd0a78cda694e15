export { holds, scopeOf, systemActor } from './access';
export { AccessGuard } from './access.guard';
export { Allow, commonHeaders, OPERATION } from './allow.decorator';
export { asTier, limitsOf, tierOf, type AccountTier, type Tier } from './limits';
export {
  BREAK_GLASS,
  COMMON_ROLES,
  OPERATIONS,
  PERMISSIONS,
  ROLES,
  selfRegisteredRole,
  type Operation,
  type Permission,
  type Role,
  type Scope,
} from './permissions';
