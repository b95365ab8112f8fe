import createClient, { type Middleware } from 'openapi-fetch';
import { language } from '../i18n/index.ts';
import type { paths } from './generated/contract.ts';
import { newKey } from './keys.ts';
import { asProblem } from './problem.ts';
import type { Session } from './types.ts';

let session: Session | null = null;
let onSessionOver: () => void = () => {};

export function setSession(next: Session | null) {
  session = next;
}

export function whenSessionOver(act: () => void) {
  onSessionOver = act;
}

const asThePerson: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', language());
    if (request.method !== 'GET' && session?.csrf_token) request.headers.set('X-CSRF-Token', session.csrf_token);
    const signsIn = request.method === 'POST' && request.url.endsWith('/api/v1/session');
    if (request.method === 'POST' && !signsIn && !request.headers.has('Idempotency-Key')) {
      request.headers.set('Idempotency-Key', newKey());
    }
    return request;
  },
  onResponse({ request, response }) {
    if (response.status === 401 && !request.url.endsWith('/api/v1/session')) onSessionOver();
    return undefined;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin' });
api.use(asThePerson);

type Answer<Body> = { data?: Body; error?: unknown; response: Response };

/** The body of a good answer; every other answer is thrown as a Problem. */
export async function answered<Body>(answer: Promise<Answer<Body>>): Promise<Body> {
  const { data, error, response } = await answer;
  if (!response.ok) throw asProblem(response.status, error);
  return data as Body;
}
