import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';

/** The member that the actor's account belongs to; 404 for an account that belongs to none. */
export function ownId({ actor }: RequestContext): number {
  if (!actor?.memberId) throw new DomainError('record.not-found', 'Your account belongs to no member record.');
  return actor.memberId;
}
