import type { Actor } from '#platform/context';
import { BREAK_GLASS, PERMISSIONS, SCOPES, type Permission, type Role, type Scope } from './permissions';

/** The widest scope in which the actor holds the permission, over all roles; undefined if in none. */
export function scopeOf(actor: Actor, permission: Permission): Scope | undefined {
  if (actor.breaksGlass && (BREAK_GLASS.permissions as readonly Permission[]).includes(permission)) return 'all';
  const grants: Partial<Record<Role, Scope>> = PERMISSIONS[permission];
  const held = actor.roles.map((role) => grants[role as Role]);
  return SCOPES.find((scope) => held.includes(scope));
}

export function holds(actor: Actor, permission: Permission): boolean {
  return scopeOf(actor, permission) !== undefined;
}

/** Named actors of jobs and commands act for the local itself: they pass every permission, and sign with their name. */
export function systemActor(name: string): Actor {
  return { userId: null, email: `system:${name}`, roles: ['admin'], memberId: null, mustChangePassword: false };
}
