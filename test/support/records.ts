import { aMember } from '../../libs/members/src/member.factory';
import { anOrganization } from '../../libs/organizations/src/organization.factory';
import type { Client } from './client';

/** What every record shows. */
export interface Shown {
  id: number;
  [field: string]: unknown;
}

/** Creates a record over the API, which must succeed. */
export async function made<Record extends Shown = Shown>(client: Client, path: string, body: object): Promise<Record> {
  const reply = await client.post(path, body);
  if (reply.status !== 201) throw new Error(`POST ${path}: ${reply.status} ${reply.text}`);
  return reply.json<Record>();
}

export const madeMember = async (client: Client) => (await made(client, '/members', aMember())).id;

export const madeEmployer = async (client: Client) => (await made(client, '/organizations', anOrganization())).id;

/** The ids of a whole list, page by page. */
export async function listed(client: Client, path: string, limit = 200): Promise<number[]> {
  const ids: number[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: Shown[]; nextCursor: string | null } = (
      await client.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor && `&cursor=${cursor}`}`)
    ).json();
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  return ids;
}
