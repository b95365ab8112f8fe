import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../api/client.ts';
import type { Kind, Observations } from '../api/types.ts';

const pages_max = 8;
const day_ms = 24 * 3600 * 1000;
const again_ms = 60_000;

async function lastDay(code: string, property: string, signal: AbortSignal): Promise<Observations> {
  const to = Date.now();
  const range = { from: new Date(to - day_ms).toISOString(), to: new Date(to).toISOString() };
  let whole: Observations | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < pages_max; page += 1) {
    const query = { ...range, property, limit: 1000, cursor };
    const one = await answered(
      api.GET('/api/v1/assets/{code}/observations', { params: { path: { code }, query }, signal }),
    );
    if (!whole) whole = one;
    else {
      for (const series of one.series) {
        const known = whole.series.find(({ property }) => property === series.property);
        if (known) known.points.push(...series.points);
        else whole.series.push(series);
      }
      const seen = new Set(whole.gaps.map((gap) => gap.from));
      whole.gaps.push(...one.gaps.filter((gap) => !seen.has(gap.from)));
    }
    cursor = one.next;
    if (!cursor) break;
  }
  return whole!;
}

/** Every property that can be drawn: asked for none, the server leaves states out. */
export function useHistory(code: string, kind: Kind | undefined) {
  const drawn = (kind?.properties ?? []).filter((one) => one.type !== 'position').map((one) => one.code);
  return useQuery({
    queryKey: ['history', code, drawn.length],
    queryFn: ({ signal }) => lastDay(code, drawn.join(), signal),
    enabled: drawn.length > 0,
    refetchInterval: again_ms,
  });
}
