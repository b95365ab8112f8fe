// The crew page's conversation with the room: few words, each of which may fail and be said again.
import { answered, api, setSession } from '../api/client.ts';
import { newKey } from '../api/keys.ts';
import { explained, Problem, sentencesOf } from '../api/problem.ts';
import type { Intervention, InterventionState, Position, ProblemBody, Session } from '../api/types.ts';
import { clock } from '../live/clock.ts';
import { type Answer, Outbox, type Outcome, outcomeOf } from './outbox.ts';
import { keep, kept, type Person, shelf } from './shelf.ts';
import { timeMayCome } from './times.ts';

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
    const problem = (error ?? {}) as Partial<ProblemBody> & { state?: InterventionState };
    const refusal = sentencesOf(problem, problem.detail ?? problem.title ?? `HTTP ${response.status}`);
    // Signed in anew in another window: this page's session is a former one. Once more with the present one.
    if (response.status === 403 && (await renewed())) return await send(answer);
    const outcome = outcomeOf(response.status, refusal, problem.state, answer.move.to);
    const untimely = problem.errors?.some((one) => one.pointer === '/at') || undefined;
    return outcome.kind === 'refused' ? { ...outcome, untimely } : outcome;
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

/** Since when the server answers requests, by the page's own count; unknown while it does not. */
let answering_since: number | undefined;

function awaitsTime(): boolean {
  return timeMayCome(clock, answering_since === undefined ? undefined : performance.now() - answering_since);
}

const post = { send, reachable: () => navigator.onLine, awaitsTime };
export const outbox = new Outbox(shelf, post, newKey, () => afterTaken(), clock);

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
  await keep('position', undefined);
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
  const page = await answered(api.GET('/api/v1/interventions', { params: { query } })).catch((error: unknown) => {
    answering_since = undefined;
    throw error;
  });
  answering_since ??= performance.now();
  const rows = page.rows.filter((row) => !['refused', 'cancelled', 'closed'].includes(row.state));
  const list = { rows, at: new Date(clock.now()).toISOString() };
  await keep('interventions', list);
  return list;
}

export type Sent = { kind: 'sent' | 'kept' } | { kind: 'refused'; refusal: string };

/** Only the newest position matters: one that could not be sent waits alone, for the person whose it is. */
export async function sendPosition(person: Person, fixed_at: number, position: Position): Promise<Sent> {
  await keep('position', { fixed_at, position, by: person.login, crew: person.crew });
  return flushPosition(person);
}

export async function flushPosition(person: Person): Promise<Sent> {
  const waiting = await kept('position');
  if (!waiting) return { kind: 'sent' };
  // Where somebody else was is not where this person is.
  if (waiting.by !== person.login || waiting.crew !== person.crew) {
    await keep('position', undefined);
    return { kind: 'sent' };
  }
  try {
    if (await sessionKnown()) return { kind: 'kept' };
    if (outbox.author !== person.login) return { kind: 'kept' };
    const body = { at: new Date(clock.corrected(waiting.fixed_at)).toISOString(), position: waiting.position };
    await answered(api.PUT('/api/v1/crews/{code}/position', { params: { path: { code: person.crew } }, body }));
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 401 || error.status === 429) {
      return { kind: 'kept' };
    }
    // One that the server will never take is dropped, and said so; the next one replaces it anyway.
    await keep('position', undefined);
    return { kind: 'refused', refusal: explained(error) };
  }
  await keep('position', undefined);
  return { kind: 'sent' };
}
