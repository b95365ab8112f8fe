// The crew page's conversation with the room: few words, each of which may fail and be said again.
import { answered, api, setSession } from '../api/client.ts';
import { newKey } from '../api/keys.ts';
import { Problem } from '../api/problem.ts';
import type { Intervention, InterventionState, Position, Session } from '../api/types.ts';
import { type Answer, Outbox, type Outcome, outcomeOf } from './outbox.ts';
import { keep, kept, type Person, shelf } from './shelf.ts';

let afterTaken: () => void = () => {};
export function whenTaken(act: () => void) {
  afterTaken = act;
}

let present: Session | null = null;

function enter(session: Session): Person {
  present = session;
  setSession(session);
  const person = personOf(session);
  outbox.author = person.login;
  return person;
}

/** A page that opened without network has no session yet, and cannot post without what comes with one. */
async function sessionKnown(): Promise<Outcome | null> {
  if (present) return null;
  const { data, response } = await api.GET('/api/v1/session');
  if (response.status === 401) return { kind: 'sign_in' };
  if (!data) return { kind: 'later' };
  enter(data);
  return null;
}

async function send(answer: Answer): Promise<Outcome> {
  try {
    const missing = await sessionKnown();
    if (missing) return missing;
    const params = { path: { id: answer.intervention }, header: { 'Idempotency-Key': answer.key } };
    const { error, response } = await api.POST('/api/v1/interventions/{id}/transitions', {
      params,
      body: answer.move,
    });
    const problem = (error ?? {}) as { detail?: string; title?: string; state?: InterventionState };
    const refusal = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
    // Signed in anew in another window: this page's session is a former one. Once more with the present one.
    if (response.status === 403 && (await renewed())) return await send(answer);
    return outcomeOf(response.status, refusal, problem.state, answer.move.to);
  } catch {
    return { kind: 'later' };
  }
}

/** Whether the session is another than the one this page knew. */
async function renewed(): Promise<boolean> {
  const before = present?.csrf_token;
  present = null;
  await sessionKnown();
  return present !== null && (present as Session).csrf_token !== before;
}

export const outbox = new Outbox(shelf, { send }, newKey, () => afterTaken());

export async function signIn(login: string, password: string): Promise<Person> {
  const session = await answered(api.POST('/api/v1/session', { body: { login, password } }));
  outbox.needsSignIn = false;
  const person = enter(session);
  await keep('person', person);
  return person;
}

export async function signOut(): Promise<void> {
  await api.DELETE('/api/v1/session').catch(() => undefined);
  await keep('person', undefined);
  await keep('interventions', undefined);
  present = null;
  setSession(null);
}

export function personOf(session: Session): Person {
  return { login: session.login, name: session.name, crew: session.crew ?? '' };
}

/** Who is there: by the server, or, without network, who was there last. Null: nobody. */
export async function whoIsThere(): Promise<Person | null> {
  const last = await kept('person');
  if (!last) return null;
  try {
    const session = await answered(api.GET('/api/v1/session'));
    const person = enter(session);
    await keep('person', person);
    return person;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return null;
    outbox.author = last.login;
    return last;
  }
}

export async function readInterventions(crew: string): Promise<{ rows: Intervention[]; at: string }> {
  const query = { crew, status: 'open' as const, limit: 100 };
  const page = await answered(api.GET('/api/v1/interventions', { params: { query } }));
  const rows = page.rows.filter((row) => !['refused', 'cancelled', 'closed'].includes(row.state));
  const list = { rows, at: new Date().toISOString() };
  await keep('interventions', list);
  return list;
}

/** Only the newest position matters: one that could not be sent waits alone. */
export async function sendPosition(crew: string, at: string, position: Position): Promise<boolean> {
  await keep('position', { at, position });
  return flushPosition(crew);
}

export async function flushPosition(crew: string): Promise<boolean> {
  const waiting = await kept('position');
  if (!waiting) return true;
  try {
    if (await sessionKnown()) return false;
    await answered(api.PUT('/api/v1/crews/{code}/position', { params: { path: { code: crew } }, body: waiting }));
  } catch (error) {
    // One that the server will never take is dropped; the next one replaces it anyway.
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 401) return false;
  }
  await keep('position', undefined);
  return true;
}
