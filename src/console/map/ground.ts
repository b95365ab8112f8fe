import { answered, api } from '../api/client.ts';

export type GroundLayer = 'communes' | 'streets';
const read = new Map<GroundLayer, Promise<unknown>>();

/** A layer of the ground, read once a session. One that is missing leaves the map without it, not the room without a map. */
export function layerOf(layer: GroundLayer): Promise<unknown> {
  const known = read.get(layer);
  if (known) return known;
  const answer = api.GET('/api/v1/map/layers/{layer}', { params: { path: { layer } } });
  const content = answered(answer as Promise<{ data?: unknown; error?: unknown; response: Response }>).catch(() => {
    read.delete(layer);
    return { type: 'FeatureCollection', features: [] };
  });
  read.set(layer, content);
  return content;
}
