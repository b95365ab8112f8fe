// What a crew may answer next while the server cannot be asked. The server has the last word: an answer that does not
// fit comes back to be reviewed.
import type { Intervention, InterventionState } from '../api/types.ts';
import type { Answer } from './outbox.ts';

const afterwards: Partial<Record<InterventionState, readonly InterventionState[]>> = {
  assigned: ['accepted', 'refused'],
  accepted: ['en_route', 'on_site', 'paused', 'refused'],
  en_route: ['on_site', 'paused'],
  on_site: ['made_safe', 'restored', 'paused'],
  made_safe: ['restored', 'paused'],
  paused: ['accepted', 'en_route', 'on_site'],
};

/** What crews answer; the rest is for the room. */
export const answers_of_crews: readonly InterventionState[] = [
  'accepted',
  'en_route',
  'on_site',
  'made_safe',
  'restored',
  'paused',
  'refused',
];

/** The state as the crew knows it: the last answer given, sent or not. */
export function presentState(row: Intervention, answers: readonly Answer[]): InterventionState {
  return answers.filter((one) => one.state === 'waiting').at(-1)?.move.to ?? row.state;
}

export function offered(row: Intervention, answers: readonly Answer[]): InterventionState[] {
  const waiting = answers.filter((one) => one.state === 'waiting');
  const last = waiting.at(-1);
  const next = last ? (afterwards[last.move.to] ?? []) : row.allowed;
  return answers_of_crews.filter((one) => next.includes(one));
}

/** The one answer that is most likely next: the big button. */
export function likeliest(states: readonly InterventionState[]): InterventionState | undefined {
  return states.find((one) => one !== 'made_safe' && one !== 'paused' && one !== 'refused');
}
