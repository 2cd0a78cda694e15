import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import type { Database } from '#platform/database';

/** 422 where a field names an organization that is no employer. What names none at all is found by its foreign key. */
export async function mustBeEmployer(
  context: RequestContext,
  database: Database,
  organizationId: number | undefined,
  pointer: string,
): Promise<void> {
  if (organizationId === undefined) return;
  const [found] = await database.query<{ orgType: string }>(
    context,
    'SELECT org_type AS "orgType" FROM organizations WHERE id = $1 FOR SHARE',
    [organizationId],
  );
  if (!found || found.orgType === 'employer') return;
  context.consider({ tableName: 'organizations', ids: [organizationId] });
  throw new DomainError('request.invalid', 'The organization is not an employer.', {
    errors: [{ pointer, message: `names an organization of type ${found.orgType}, not an employer` }],
  });
}
