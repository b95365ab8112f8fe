import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';
import { Age } from '../ui/Age.tsx';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import type { Entry } from './queue.ts';

function Line({ parts }: { parts: (string | undefined)[] }) {
  return <>{parts.filter(Boolean).join(' · ')}</>;
}

export function EntryRow({ entry }: { entry: Entry }) {
  const { t, said } = useWords();
  const { communeName } = useKinds();
  const unanswered = entry.type === 'alarm' && entry.row.state === 'unacknowledged';
  const mark = entry.type === 'alarm' && entry.row.raises === 'maintenance' ? 0 : entry.priority;
  return (
    <>
      <span className={unanswered && entry.priority <= 2 && mark > 0 ? 'entry-mark entry-calls' : 'entry-mark'}>
        <PriorityMark priority={mark} />
        <span className="visually-hidden">
          {mark === 0 ? t('maintenance.notice') : t(`priority.${entry.priority}`)}
        </span>
      </span>
      {entry.type === 'alarm' ? (
        <span className="entry-text">
          <span className={entry.waiting ? 'entry-name strong' : 'entry-name'}>{said(entry.row.name)}</span>
          <span className="entry-more">
            <Line
              parts={[
                entry.row.asset,
                entry.row.suppresses ? t('alarm.hides', { count: entry.row.suppresses }) : undefined,
                entry.row.street,
                communeName(entry.row.commune),
              ]}
            />
          </span>
        </span>
      ) : (
        <span className="entry-text">
          <span className={entry.waiting ? 'entry-name strong' : 'entry-name'}>
            <span className="entry-number">{t('incident.number', { number: entry.row.number })}</span> {entry.row.title}
          </span>
          <span className="entry-more">
            <Line
              parts={[
                entry.row.owner ? (entry.row.owner_name ?? entry.row.owner) : t('incident.to_claim'),
                entry.row.interventions_open
                  ? t('incident.interventions_open', { count: entry.row.interventions_open })
                  : undefined,
                entry.row.address ?? entry.row.asset,
                communeName(entry.row.commune),
              ]}
            />
          </span>
        </span>
      )}
      <span className="entry-end">
        <Age at={entry.since} className="entry-age" />
        <span className="entry-state">
          {entry.type === 'alarm'
            ? entry.row.raises === 'maintenance'
              ? ''
              : t(`alarm_state.${entry.row.state}`)
            : t(entry.waiting ? 'incident.waiting' : 'incident.claimed')}
        </span>
      </span>
    </>
  );
}
