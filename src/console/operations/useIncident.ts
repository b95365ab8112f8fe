import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained, Problem } from '../api/problem.ts';
import { t } from '../i18n/index.ts';
import { alarms, incidents, interventions, logbook, useRows } from '../live/city.ts';

/** One incident, whole; read anew whenever the stream says that something about it changed. */
export function useIncident(number: number) {
  useRows(incidents);
  const row = incidents.get(String(number));
  const moves = useRows(interventions)
    .filter((one) => one.incident === number)
    .map((one) => `${one.id}.${one.version}`)
    .join();
  const own = useRows(alarms)
    .filter((one) => one.incident === number)
    .map((one) => `${one.id}.${one.version}`)
    .join();
  const written = useRows(logbook).reduce(
    (last, one) => (one.incident === number ? Math.max(last, one.number) : last),
    0,
  );
  const query = useQuery({
    queryKey: ['incident', number, row?.version, moves, own, written],
    queryFn: () => answered(api.GET('/api/v1/incidents/{number}', { params: { path: { number } } })),
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return { incident: query.data, error: query.error };
}

interface Owner {
  login: string;
  name: string;
  since: string;
}

/** What a person asks of the server, and how a refusal is told. */
export function useActs(number: number) {
  const queries = useQueryClient();
  const [refusal, setRefusal] = useState('');
  const act = useCallback(
    async (what: () => Promise<unknown>): Promise<boolean> => {
      setRefusal('');
      try {
        await what();
        return true;
      } catch (error) {
        const owner = error instanceof Problem ? error.extra<Owner>('owner') : undefined;
        setRefusal(owner ? t('incident.claimed_by', { name: owner.name || owner.login }) : explained(error));
        return false;
      } finally {
        void queries.invalidateQueries({ queryKey: ['incident', number] });
      }
    },
    [queries, number],
  );
  return { act, refusal };
}
