// Who may take an incident, and who may give it back. Pure.
import type { Incident } from '../api/types.ts';

export interface OwnershipActs {
  claim: boolean;
  /** One's own claim, or that of somebody else as a supervisor. */
  release: 'own' | 'another' | null;
  work: boolean;
}

/** `reaches`: whether one's rights to operations reach that level where the incident is. */
export function ownershipActs(
  incident: Pick<Incident, 'status' | 'owner'>,
  login: string,
  reaches: (level: 'operate' | 'manage') => boolean,
): OwnershipActs {
  const work = incident.status === 'open' && reaches('operate');
  const mine = incident.owner === login;
  const release = !work || !incident.owner ? null : mine ? 'own' : reaches('manage') ? 'another' : null;
  return { claim: work && !incident.owner, release, work };
}
