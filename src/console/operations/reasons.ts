import type { InterventionState, MoveReason } from '../api/types.ts';

/** The coded reasons that go with a move; none for the others. */
export const reasonsOf: Partial<Record<InterventionState, readonly MoveReason[]>> = {
  refused: ['busy', 'no_skill', 'end_of_shift', 'other'],
  paused: ['access_refused', 'police_scene', 'third_party_network', 'weather', 'parts', 'client_decision', 'other'],
  cancelled: ['duplicate', 'no_longer_needed', 'other'],
  verified: ['override'],
};

/** Whether words must go with it as well: acts that set aside what was asked for or measured. */
export function needsNote(to: InterventionState, reason: string): boolean {
  return reason === 'override' || (reason === 'other' && to !== 'refused');
}
