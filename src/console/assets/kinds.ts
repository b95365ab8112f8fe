// Kinds and communes: small, and the same for the whole session.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { answered, api } from '../api/client.ts';
import type { Kind } from '../api/types.ts';
import { said } from '../i18n/index.ts';

const for_the_session = { staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY };

export function useKinds() {
  const kinds = useQuery({
    queryKey: ['kinds'],
    queryFn: () => answered(api.GET('/api/v1/kinds')),
    ...for_the_session,
  });
  const zones = useQuery({
    queryKey: ['zones'],
    queryFn: () => answered(api.GET('/api/v1/zones')),
    ...for_the_session,
  });
  return useMemo(() => {
    const byCode = new Map<string, Kind>((kinds.data?.rows ?? []).map((kind) => [kind.code, kind]));
    const communes = new Map((zones.data?.rows ?? []).map((zone) => [zone.code, zone.name]));
    return {
      kinds: kinds.data?.rows ?? [],
      kind: (code: string | undefined) => (code ? byCode.get(code) : undefined),
      kindName: (code: string) => said(byCode.get(code)?.name) || code,
      communeName: (code: string | undefined) => (code ? (communes.get(code) ?? code) : undefined),
    };
  }, [kinds.data, zones.data]);
}
