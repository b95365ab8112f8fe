import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { IncidentDetail } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { crews, interventions, useRows } from '../live/city.ts';
import { ageOfSeconds, distance } from '../ui/format.ts';
import type { useActs } from './useIncident.ts';

const again_ms = 15_000;

/** The nearest free crews, with how far and how old that is; and, for the others, why not. */
export function Dispatch({ incident, act }: { incident: IncidentDetail; act: ReturnType<typeof useActs>['act'] }) {
  const { t, language } = useWords();
  const { number } = incident;
  const [open, setOpen] = useState(incident.interventions_open === 0);
  const [description, setDescription] = useState('');
  const [asking, setAsking] = useState('');
  const [other, setOther] = useState('');
  const allCrews = useRows(crews);
  const busy = useRows(interventions).length;
  const query = useQuery({
    queryKey: ['proposals', number, busy],
    queryFn: () => answered(api.GET('/api/v1/incidents/{number}/crew_proposals', { params: { path: { number } } })),
    enabled: open,
    refetchInterval: again_ms,
    placeholderData: (before) => before,
  });
  const send = async (crew: string) => {
    setAsking(crew);
    const body = { crew, asset: incident.asset, description: description.trim() || undefined };
    const done = await act(async () =>
      interventions.put(
        await answered(api.POST('/api/v1/incidents/{number}/interventions', { params: { path: { number } }, body })),
      ),
    );
    setAsking('');
    if (done) {
      setOpen(false);
      setDescription('');
    }
  };
  // An incident without a place has no nearest crew: then all of them are offered, by what is known of each.
  const others =
    query.data?.others ??
    (query.error
      ? allCrews.map((one) => ({
          code: one.code,
          name: one.name,
          reason: one.free ? 'free' : 'busy',
          distance_m: undefined,
        }))
      : []);
  const nameOf = (code: string, name?: string) => name ?? allCrews.find((one) => one.code === code)?.name ?? code;
  return (
    <section className="panel-part">
      <div className="part-head">
        <h3>{t('dispatch.title')}</h3>
        <button
          type="button"
          className="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          data-testid="dispatch-open"
        >
          {t(open ? 'dispatch.hide' : 'dispatch.show')}
        </button>
      </div>
      {open && (
        <>
          <label className="field">
            <span>{t('dispatch.description')}</span>
            <input
              className="input"
              value={description}
              onChange={(event) => setDescription(event.target.value)}
              maxLength={4000}
              data-testid="dispatch-description"
            />
          </label>
          {query.error && <p className="quiet">{explained(query.error)}</p>}
          <ul className="plain-list" data-testid="proposals">
            {(query.data?.proposed ?? []).map((crew) => (
              <li key={crew.code} className="crew-line">
                <span>
                  <span className="strong">{crew.name}</span>{' '}
                  <span className="quiet">{[crew.code, ...crew.skills].join(', ')}</span>
                </span>
                <span className="number">
                  {distance(crew.distance_m, language)}
                  <span className="quiet small">
                    {' '}
                    {t('dispatch.position_age', { age: ageOfSeconds(crew.position_age_s, language) })}
                  </span>
                </span>
                <button
                  type="button"
                  className="button button-primary"
                  disabled={asking !== ''}
                  onClick={() => void send(crew.code)}
                  data-testid={`dispatch-${crew.code}`}
                >
                  {t('dispatch.send')}
                  <span className="visually-hidden"> {crew.name}</span>
                </button>
              </li>
            ))}
            {query.data?.proposed.length === 0 && <li className="quiet">{t('dispatch.none')}</li>}
          </ul>
          {others.length > 0 && (
            <div className="attach">
              <select
                className="input"
                value={other}
                onChange={(event) => setOther(event.target.value)}
                aria-label={t('dispatch.others')}
                data-testid="other-crew"
              >
                <option value="">{t('dispatch.others')}</option>
                {others.map((crew) => (
                  <option key={crew.code} value={crew.code}>
                    {nameOf(crew.code, crew.name)} – {t(`dispatch.${crew.reason}`)}
                    {crew.distance_m === undefined ? '' : ` (${distance(crew.distance_m, language)})`}
                  </option>
                ))}
              </select>
              {other && (
                <button
                  type="button"
                  className="button"
                  disabled={asking !== ''}
                  onClick={() => void send(other)}
                  data-testid="dispatch-other"
                >
                  {t('dispatch.send')}
                </button>
              )}
            </div>
          )}
        </>
      )}
    </section>
  );
}
