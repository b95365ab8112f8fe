import type { FormEvent } from 'react';
import { acknowledge, canAcknowledge } from '../alarms/acknowledge.ts';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { IncidentDetail } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useMay } from '../app/session.ts';
import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';
import { desks, useRows } from '../live/city.ts';
import { Story } from '../logbook/Story.tsx';
import { Age, Moment } from '../ui/Age.tsx';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import { Contacts } from './Contacts.tsx';
import { Dispatch } from './Dispatch.tsx';
import { Interventions } from './Interventions.tsx';
import { Ownership } from './Ownership.tsx';
import { useActs, useIncident } from './useIncident.ts';

type Acts = ReturnType<typeof useActs>;

function Alarms({ incident }: { incident: IncidentDetail }) {
  const { t, said } = useWords();
  const may = useMay();
  if (incident.alarm_rows.length === 0) return null;
  return (
    <section className="panel-part">
      <h3>{t('incident.alarms')}</h3>
      <ul className="plain-list" data-testid="incident-alarms">
        {incident.alarm_rows.map((row) => (
          <li key={row.id} className="line">
            <PriorityMark priority={row.priority} size={16} />
            <button type="button" className="link" onClick={() => go({ selection: { type: 'alarm', key: row.id } })}>
              {said(row.name)}
            </button>
            <span className="quiet">
              {row.asset} · {row.active ? t('alarm.active') : t('alarm.inactive')} · {t(`alarm_state.${row.state}`)}
            </span>
            {canAcknowledge(row) && may('operate', 'alarms', row.commune) && (
              <button type="button" className="button" onClick={() => void acknowledge(row)} data-testid="acknowledge">
                {t('alarm.acknowledge')}
              </button>
            )}
          </li>
        ))}
      </ul>
      {incident.alarm_rows[0] && (
        <div className="guidance">
          <h3>{t('alarm.response')}</h3>
          <p>{said(incident.alarm_rows[0].response)}</p>
        </div>
      )}
    </section>
  );
}

function Note({ number, act }: { number: number; act: Acts['act'] }) {
  const { t } = useWords();
  const write = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get('text')).trim();
    if (!text) return;
    const params = { path: { number } };
    const done = await act(() => answered(api.POST('/api/v1/incidents/{number}/notes', { params, body: { text } })));
    if (done) form.reset();
  };
  return (
    <form className="note" onSubmit={(event) => void write(event)}>
      <label className="field">
        <span className="visually-hidden">{t('incident.note')}</span>
        <textarea
          className="input"
          name="text"
          maxLength={4000}
          placeholder={t('incident.note')}
          data-testid="note"
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
          }}
        />
      </label>
      <button type="submit" className="button" data-testid="note-write">
        {t('incident.write')} <kbd>Ctrl</kbd> <kbd>↵</kbd>
      </button>
    </form>
  );
}

export function IncidentPanel({ number }: { number: number }) {
  const { t, said } = useWords();
  useRows(desks);
  const { communeName } = useKinds();
  const { incident, error } = useIncident(number);
  const { act, refusal } = useActs(number);
  const may = useMay();
  if (!incident) return <p className="panel quiet">{error ? explained(error) : t('common.loading')}</p>;
  const works = incident.status === 'open' && may('operate', 'operations', incident.commune);
  return (
    <article className="panel" data-testid="incident-panel" data-number={incident.number} data-status={incident.status}>
      <div className="panel-head">
        <PriorityMark priority={incident.priority} size={26} />
        <div>
          <h2>
            {t('incident.number', { number: incident.number })} {incident.title}
          </h2>
          <p className="quiet">
            {t(`priority.${incident.priority}`)} · {said(desks.get(incident.desk)?.name) || incident.desk} ·{' '}
            {t(`incident.${incident.status}`)}{' '}
            {incident.status === 'open' ? <Age at={incident.opened_at} /> : <Moment at={incident.closed_at} />}
          </p>
        </div>
      </div>
      <dl className="facts">
        <dt>{t('incident.owner')}</dt>
        <dd data-testid="owner" className={incident.owner ? '' : 'strong'}>
          {incident.owner ? (incident.owner_name ?? incident.owner) : t('incident.nobody')}
          {incident.claimed_at && incident.owner && (
            <span className="quiet">
              {' '}
              – <Moment at={incident.claimed_at} />
            </span>
          )}
        </dd>
        <dt>{t('asset.where')}</dt>
        <dd>
          {[incident.address, communeName(incident.commune)].filter(Boolean).join(', ') || '–'}
          {incident.asset && (
            <>
              {' '}
              <button
                type="button"
                className="link"
                onClick={() => go({ selection: { type: 'asset', key: incident.asset ?? '' } })}
              >
                {incident.asset}
              </button>
            </>
          )}
        </dd>
        {incident.close_reason && (
          <>
            <dt>{t('incident.close_reason')}</dt>
            <dd>{t(`close.${incident.close_reason}`, { defaultValue: incident.close_reason })}</dd>
          </>
        )}
      </dl>
      <Ownership incident={incident} act={act} />
      {refusal && (
        <p className="refusal" role="alert" data-testid="refusal">
          {refusal}
        </p>
      )}
      <Alarms incident={incident} />
      <Contacts incident={incident} />
      <Interventions incident={incident} act={act} />
      {works && <Dispatch incident={incident} act={act} />}
      <section className="panel-part">
        <h3>{t('incident.story')}</h3>
        {works && <Note number={number} act={act} />}
        <Story rows={[...incident.story].reverse()} />
      </section>
    </article>
  );
}
