// Where the map looks, and who asks it to look elsewhere. The map itself may not be there yet, or not at all.

import type { Position } from '../api/types.ts';
import { go, place } from '../app/place.ts';
import { points } from './points.ts';

export interface View {
  zoom: number;
  lat: number;
  lon: number;
}

export type Bounds = [west: number, south: number, east: number, north: number];

type Listener = (view: View) => void;
let listener: Listener | null = null;
let bounds: Bounds | null = null;

export const close_zoom = 16.5;

export function readView(at: string): View | null {
  const [zoom, lat, lon] = at.split('/').map(Number);
  if (zoom === undefined || lat === undefined || lon === undefined) return null;
  if (![zoom, lat, lon].every(Number.isFinite) || at.trim() === '') return null;
  return { zoom, lat, lon };
}

export function writeView({ zoom, lat, lon }: View): string {
  return `${zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}`;
}

export function onLook(next: Listener | null) {
  listener = next;
}

export function setBounds(next: Bounds) {
  bounds = next;
}

export const visibleBounds = (): Bounds | null => bounds;

/** Jumps there: an operator who asks where something is has no time for a flight. */
export function lookAt(position: Position, zoom = close_zoom) {
  const view = { zoom, lon: position[0], lat: position[1] };
  go({ view: 'map', page: 'operations', at: writeView(view) }, 'replace');
  listener?.(view);
}

/** Shows a thing by its position, or by the code of its asset when it has none. */
export function showOnMap(position: readonly number[] | undefined, code?: string) {
  const index = code ? points.indexOf(code) : -1;
  const lon = position?.[0] ?? points.lon[index];
  const lat = position?.[1] ?? points.lat[index];
  if (lon === undefined || lat === undefined) return;
  const present = readView(place().at);
  lookAt([lon, lat], Math.max(present?.zoom ?? 0, close_zoom));
}
