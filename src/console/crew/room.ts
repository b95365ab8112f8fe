// The crew page's conversation with the room: few words, each of which may fail and be said again.
import { answered, api, newKey, setSession } from '../api/client.ts';
import { Problem } from '../api/problem.ts';
import type { Intervention, InterventionState, Position, Session } from '../api/types.ts';
import { type Answer, Outbox, type Outcome, outcomeOf } from './outbox.ts';
import { keep, kept, type Person, shelf } from './shelf.ts';

let afterTaken: () => void = () => {};
export function whenTaken(act: () => void) {
  afterTaken = act;
}

async function send(answer: Answer): Promise<Outcome> {
  try {
    const params = { path: { id: answer.intervention }, header: { 'Idempotency-Key': answer.key } };
    const { error, response } = await api.POST('/api/v1/interventions/{id}/transitions', {
      params,
      body: answer.move,
    });
    const problem = (error ?? {}) as { detail?: string; title?: string; state?: InterventionState };
    const refusal = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
    return outcomeOf(response.status, refusal, problem.state, answer.move.to);
  } catch {
    return { kind: 'later' };
  }
}

export const outbox = new Outbox(shelf, { send }, newKey, () => afterTaken());

export async function signIn(login: string, password: string): Promise<Person> {
  const session = await answered(api.POST('/api/v1/session', { body: { login, password } }));
  setSession(session);
  outbox.needsSignIn = false;
  const person = personOf(session);
  await keep('person', person);
  return person;
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
    setSession(session);
    const person = personOf(session);
    await keep('person', person);
    return person;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return null;
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
    await answered(api.PUT('/api/v1/crews/{code}/position', { params: { path: { code: crew } }, body: waiting }));
  } catch (error) {
    // One that the server will never take is dropped; the next one replaces it anyway.
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 401) return false;
  }
  await keep('position', undefined);
  return true;
}
