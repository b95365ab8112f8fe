// A telephone's clock may be wrong: what it stamps is put right by the server's. Pure.

export interface Clock {
  known(): boolean;
  now(): number;
  /** An instant of the telephone's clock, in the server's time. */
  corrected(local: number): number;
}

/** While nobody told the server's time. */
export const ownClock: Clock = { known: () => false, now: () => Date.now(), corrected: (local) => local };

/** A stream speaks at once where it gets through; a proxy may let requests pass and no stream. */
const patience_ms = 8000;

/** Whether the server's time may still come. `answered_for_ms`: how long its other answers have been coming; none: undefined. */
export function timeMayCome(clock: Clock, answered_for_ms: number | undefined): boolean {
  return !clock.known() && (answered_for_ms === undefined || answered_for_ms < patience_ms);
}

export function atLeast(at: string, floor: string | undefined): string {
  return floor !== undefined && Date.parse(at) < Date.parse(floor) ? floor : at;
}

/** Below this a person takes two times for the same. */
const noticed_ms = 60_000;

/** By how many whole minutes the telephone is wrong: positive when it is ahead; 0 when nobody would notice. */
export function minutesWrong(offset_ms: number): number {
  return Math.abs(offset_ms) < noticed_ms ? 0 : -Math.round(offset_ms / 60_000);
}
