import createFetchClient from 'openapi-fetch';
import type { paths } from './paths';
import { ProblemError, type Problem } from './problem.error';

/** What a log-in answers. The client keeps it up to date when it refreshes. */
export interface Session {
  accessToken?: string;
  refreshToken?: string;
}

export type Client = ReturnType<typeof createFetchClient<paths>>;

/**
 * The API with the types of its OpenAPI document. Sends the session's access token; when that has run out, refreshes it once, however
 * many requests wait for it, and sends the request again. Throws a ProblemError where the API refuses.
 */
export function createClient(baseUrl: string, session: Session = {}): Client {
  let refreshing: Promise<void> | undefined;

  const send = (request: Request): Promise<Response> => {
    if (session.accessToken) request.headers.set('Authorization', `Bearer ${session.accessToken}`);
    return fetch(request);
  };

  const refresh = async (): Promise<void> => {
    const body = JSON.stringify({ refreshToken: session.refreshToken });
    const headers = { 'Content-Type': 'application/json' };
    const reply = await fetch(`${baseUrl}/api/v1/auth/refresh`, { method: 'POST', headers, body });
    await refuse(reply);
    Object.assign(session, await reply.json());
  };

  const sendFresh = async (request: Request): Promise<Response> => {
    const again = request.clone();
    const sentWith = session.accessToken;
    const response = await send(request);
    if (response.status !== 401 || !sentWith || !session.refreshToken) return response;
    if (session.accessToken === sentWith) {
      refreshing ??= refresh().finally(() => (refreshing = undefined));
      await refreshing;
    }
    return send(again);
  };

  return createFetchClient<paths>({
    baseUrl,
    fetch: async (request) => {
      const response = await sendFresh(request);
      await refuse(response);
      return response;
    },
  });
}

async function refuse(response: Response): Promise<void> {
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return;
  throw new ProblemError((await response.json()) as Problem);
}
