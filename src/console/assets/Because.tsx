import { useQuery } from '@tanstack/react-query';
import { AlarmLink } from '../alarms/AlarmLink.tsx';
import { becauseOf } from '../alarms/causes.ts';
import { answered, api } from '../api/client.ts';
import { useWords } from '../i18n/index.ts';
import { alarms, useRows, useStanding } from '../live/city.ts';

/** A cabinet feeds circuits and these feed lamps; more steps than this would be a fault of the registry. */
const steps_max = 6;

async function above(code: string): Promise<string[]> {
  const found: string[] = [];
  for (let at = code; found.length < steps_max; ) {
    const asset = await answered(api.GET('/api/v1/assets/{code}', { params: { path: { code: at } } }));
    if (!asset.power_parent || found.includes(asset.power_parent)) break;
    found.push(asset.power_parent);
    at = asset.power_parent;
  }
  return found;
}

/** Why an asset is dark or hidden: what hides its alarm, by name, and what is wrong with what feeds it. */
export function Because({ code, unpowered }: { code: string; unpowered: boolean }) {
  const { t } = useWords();
  const rows = useRows(alarms);
  const standing = useStanding(alarms);
  const query = useQuery({ queryKey: ['above', code], queryFn: () => above(code), enabled: unpowered });
  const { causes, upstream } = becauseOf(rows, code, (unpowered && query.data) || []);
  const lines = [
    ...causes.map((id) => ({ id, word: 'because.cause' })),
    ...upstream.map(({ id }) => ({ id, word: 'because.upstream' })),
  ];
  const nothing = unpowered && lines.length === 0 && query.data && standing === 'known';
  if (lines.length === 0 && !nothing) return null;
  return (
    <ul className="plain-list because" data-testid="because">
      {lines.map(({ id, word }) => (
        <li key={id}>
          {t(word)} <AlarmLink id={id} />
        </li>
      ))}
      {nothing && <li className="quiet">{t('because.nothing')}</li>}
    </ul>
  );
}
