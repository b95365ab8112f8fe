// A telephone's clock may be wrong: what it stamps is put right by the server's. Pure.

export interface Clock {
  known(): boolean;
  now(): number;
  /** An instant of the telephone's clock, in the server's time. */
  corrected(local: number): number;
}

/** While nobody told the server's time. */
export const ownClock: Clock = { known: () => false, now: () => Date.now(), corrected: (local) => local };

export function atLeast(at: string, floor: string | undefined): string {
  return floor !== undefined && Date.parse(at) < Date.parse(floor) ? floor : at;
}

/** Below this a person takes two times for the same. */
const noticed_ms = 60_000;

/** By how many whole minutes the telephone is wrong: positive when it is ahead; 0 when nobody would notice. */
export function minutesWrong(offset_ms: number): number {
  return Math.abs(offset_ms) < noticed_ms ? 0 : -Math.round(offset_ms / 60_000);
}
