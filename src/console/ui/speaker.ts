// Tones without files, by WebAudio. A browser lets a page sound only after a person has touched it: until then it is
// blocked, and what uses it must say so.
import { useSyncExternalStore } from 'react';

export interface Pulse {
  hz: number;
  at_s: number;
  for_s: number;
}

export type SpeakerState = 'blocked' | 'ready' | 'absent';

const loudness = 0.25;
const edge_s = 0.012;
let context: AudioContext | null = null;
let state: SpeakerState = 'blocked';
const listeners = new Set<() => void>();

function look() {
  const next: SpeakerState = !context ? 'absent' : context.state === 'running' ? 'ready' : 'blocked';
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

/** Tries to let it sound; as an answer to a person's gesture it succeeds. */
export function unlock() {
  if (context && context.state !== 'running') void context.resume().then(look, look);
}

function start() {
  if (context || typeof AudioContext === 'undefined') return look();
  context = new AudioContext();
  context.addEventListener('statechange', look);
  // Any gesture will do: who works here has touched the page long before the first alarm.
  for (const gesture of ['pointerdown', 'keydown']) addEventListener(gesture, unlock, { capture: true });
  unlock();
  look();
}

export function play(pulses: readonly Pulse[]) {
  if (context?.state !== 'running') return;
  const now = context.currentTime + edge_s;
  for (const { hz, at_s, for_s } of pulses) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = 'triangle';
    tone.frequency.value = hz;
    volume.gain.setValueAtTime(0, now + at_s);
    volume.gain.linearRampToValueAtTime(loudness, now + at_s + edge_s);
    volume.gain.setValueAtTime(loudness, now + at_s + for_s - edge_s);
    volume.gain.linearRampToValueAtTime(0, now + at_s + for_s);
    tone.connect(volume).connect(context.destination);
    tone.start(now + at_s);
    tone.stop(now + at_s + for_s);
  }
}

export function useSpeaker(): SpeakerState {
  return useSyncExternalStore(
    (listener) => {
      start();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
