import type { Position } from '../api/types.ts';

export interface NewIncidentFrom {
  alarm?: string;
  asset?: string;
  position?: Position;
}

/** Opens the question from anywhere in the page. */
export function askForIncident(from: NewIncidentFrom) {
  dispatchEvent(new CustomEvent<NewIncidentFrom>('vigie:new-incident', { detail: from }));
}
