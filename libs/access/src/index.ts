export { holds, scopeOf, systemActor } from './access';
export { AccessGuard } from './access.guard';
export { Allow, OPERATION } from './allow.decorator';
export {
  BREAK_GLASS,
  opensByBreakGlass,
  OPERATIONS,
  PERMISSIONS,
  ROLES,
  SCOPES,
  selfRegisteredRole,
  type Operation,
  type Permission,
  type Role,
  type Scope,
} from './permissions';
