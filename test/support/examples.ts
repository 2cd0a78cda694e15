import { anApplication, aReview } from '../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../libs/employments/src/member-employment.factory';
import { aGrievance } from '../../libs/grievances/src/grievance.factory';
import { aMember } from '../../libs/members/src/member.factory';
import { aContact, anOrganization } from '../../libs/organizations/src/organization.factory';
import { aHold, aPolicy } from '../../libs/retention/src/retention.factory';
import { anActivity } from '../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../libs/students/src/student.factory';
import type { Client } from './client';
import { made } from './records';

/** The records that an example refers to, which exist. The organization is an employer. */
export interface Parents {
  member: number;
  organization: number;
}

type Example = (parents: Parents, client: Client) => object | Promise<object>;

/**
 * A valid body to create one of each resource, by its name. Nothing can derive these; test/laws/declarations.spec.ts names
 * the resource that has none.
 */
export const examples: Record<string, Example> = {
  members: () => aMember(),
  organizations: () => anOrganization(),
  'organization-contacts': ({ organization }) => aContact(organization),
  'member-employments': ({ member, organization }) => anEmployment(member, organization),
  students: ({ member }) => aStudent(member),
  'salting-activities': ({ member, organization }) => anActivity(member, organization),
  'benevolence-applications': ({ member }) => anApplication(member),
  'benevolence-reviews': async ({ member }, client) => aReview(await submittedApplication(member, client)),
  grievances: ({ member, organization }) => aGrievance(member, organization),
  'legal-holds': () => aHold(),
  'retention-policies': ({ member }) => aPolicy({ framework: `Bylaws ${member}` }),
};

/** The example of a resource; fails where there is none. */
export async function exampleOf(name: string, parents: Parents, client: Client): Promise<object> {
  const example = examples[name];
  if (!example) throw new Error(`test/support/examples.ts has no example of ${name}.`);
  return example(parents, client);
}

async function submittedApplication(member: number, client: Client): Promise<number> {
  const { id } = await made(client, '/benevolence-applications', anApplication(member));
  await client.post(`/benevolence-applications/${id}/submit`);
  return id;
}
