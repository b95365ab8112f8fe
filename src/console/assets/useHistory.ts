import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../api/client.ts';
import type { Kind, Observations } from '../api/types.ts';
import { clock } from '../live/clock.ts';
import { type Day, dayOf } from './history.ts';

const day_ms = 24 * 3600 * 1000;
const again_ms = 60_000;

async function lastDay(code: string, properties: readonly string[], signal: AbortSignal): Promise<Day> {
  const to = clock.now();
  const range = { from: new Date(to - day_ms).toISOString(), to: new Date(to).toISOString() };
  const read = (property: string, cursor: string | undefined): Promise<Observations> =>
    answered(
      api.GET('/api/v1/assets/{code}/observations', {
        params: { path: { code }, query: { ...range, property, limit: 1000, cursor } },
        signal,
      }),
    );
  return { ...range, properties: await Promise.all(properties.map((property) => dayOf(property, read))) };
}

/** Every property that can be drawn. */
export function useHistory(code: string, kind: Kind | undefined) {
  const drawn = (kind?.properties ?? []).filter((one) => one.type !== 'position').map((one) => one.code);
  return useQuery({
    queryKey: ['history', code, drawn.length],
    queryFn: ({ signal }) => lastDay(code, drawn, signal),
    enabled: drawn.length > 0,
    refetchInterval: again_ms,
  });
}
