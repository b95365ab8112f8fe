import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../api/client.ts';
import type { Kind, Observations } from '../api/types.ts';
import { clock } from '../live/clock.ts';
import { type Asked, type Day, dayOf, page_rows, type Wanted } from './history.ts';

const day_ms = 24 * 3600 * 1000;
const again_ms = 60_000;

async function lastDay(code: string, properties: readonly Wanted[], signal: AbortSignal): Promise<Day> {
  const to = clock.now();
  const span = { from: to - day_ms, to };
  const range = { from: new Date(span.from).toISOString(), to: new Date(to).toISOString() };
  const read = (property: string, { from, ...asked }: Asked): Promise<Observations> => {
    const part = from === undefined ? range : { ...range, from: new Date(from).toISOString() };
    return answered(
      api.GET('/api/v1/assets/{code}/observations', {
        params: { path: { code }, query: { ...part, ...asked, property, limit: page_rows } },
        signal,
      }),
    );
  };
  return { ...range, properties: await Promise.all(properties.map((property) => dayOf(property, span, read))) };
}

/** Every property that can be drawn. */
export function useHistory(code: string, kind: Kind | undefined) {
  const drawn = (kind?.properties ?? []).filter((one) => one.type !== 'position');
  return useQuery({
    queryKey: ['history', code, drawn.length],
    queryFn: ({ signal }) => lastDay(code, drawn, signal),
    enabled: drawn.length > 0,
    refetchInterval: again_ms,
  });
}
