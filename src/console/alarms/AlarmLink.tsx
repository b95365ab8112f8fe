import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../api/client.ts';
import { go } from '../app/place.ts';
import { useWords } from '../i18n/index.ts';
import { alarms, useRows } from '../live/city.ts';

/** Another alarm by its name and equipment; read when it is over and the stream does not carry it any more. */
export function AlarmLink({ id }: { id: string }) {
  const { t, said } = useWords();
  useRows(alarms);
  const live = alarms.get(id);
  const query = useQuery({
    queryKey: ['alarm', id, 'name'],
    queryFn: () => answered(api.GET('/api/v1/alarms/{id}', { params: { path: { id } } })),
    enabled: !live,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const row = live ?? query.data;
  return (
    <button type="button" className="link" onClick={() => go({ selection: { type: 'alarm', key: id } })}>
      {row ? `${said(row.name)} · ${row.asset}` : t('alarm.another')}
    </button>
  );
}
