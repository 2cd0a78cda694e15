import type { z } from 'zod';
import { PERMISSIONS, ROLES, type Permission, type Role } from '#access';
import { auditedDecision } from '#audit';
import type { Actor } from '#platform/context';
import { visibleFields, type Resource } from '#records';
import { resources } from '../support/resources';

const actorWith = (role: Role): Actor => ({
  userId: 1,
  email: `${role}@local.example`,
  roles: [role],
  memberId: 1,
  mustChangePassword: false,
});

/** The fields that some role may not see which sees the rest. */
function hiddenFrom(resource: Resource): string[] {
  const permission: Permission = resource.readPermission ?? auditedDecision(resource.entity).read;
  const readers = ROLES.filter((role) => role in PERMISSIONS[permission]);
  return Object.keys(resource.view.shape).filter((field) =>
    readers.some((role) => !visibleFields(resource, actorWith(role)).includes(field)),
  );
}

describe('the documentation of every view', () => {
  const names = [...new Set(resources.map(({ view }) => String(view.meta()?.id)))];

  it.each(names)('%s says of exactly those fields that they may be absent which some do not see', (name) => {
    const ofView = resources.filter(({ view }) => view.meta()?.id === name);
    const optional = Object.entries(ofView[0]?.view.shape ?? {})
      .filter(([, schema]) => (schema as z.ZodType).safeParse(undefined).success)
      .map(([field]) => field);
    expect(optional.sort()).toEqual([...new Set(ofView.flatMap(hiddenFrom))].sort());
  });
});
