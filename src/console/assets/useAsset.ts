import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { answered, api } from '../api/client.ts';
import type { LiveAsset } from '../api/types.ts';
import { painter, stream } from '../live/city.ts';

/** An asset as registered, and what it reports now. */
export function useAsset(code: string) {
  const query = useQuery({
    queryKey: ['asset', code],
    queryFn: () => answered(api.GET('/api/v1/assets/{code}', { params: { path: { code } } })),
  });
  const [live, setLive] = useState<LiveAsset | undefined>();
  useEffect(() => {
    let latest: LiveAsset | undefined;
    const show = () => setLive(latest);
    const take = (rows: unknown[]) => {
      const row = (rows as LiveAsset[]).find((one) => one.code === code);
      if (!row) return;
      latest = row;
      painter.touch(show);
    };
    return stream.subscribe({ topic: 'values', filter: { asset: code }, snapshot: take, delta: take });
  }, [code]);
  return { asset: query.data, error: query.error, live: live?.code === code ? live : query.data?.live };
}
