// For who does not look, or cannot see: a critical alarm is said at once, counts at most every five seconds.
import { useEffect, useMemo, useRef, useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { alarms, incidents, useRows, useStanding } from '../live/city.ts';
import { queueOf } from '../operations/queue.ts';
import { usePlace } from './place.ts';

const count_pause_ms = 5000;

function useSlowly<Value>(value: Value): Value {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    const timer = setInterval(() => setShown(latest.current), count_pause_ms);
    return () => clearInterval(timer);
  }, []);
  return shown;
}

export function Announcer() {
  const { t, said } = useWords();
  const { page, desk } = usePlace();
  const alarmRows = useRows(alarms);
  const incidentRows = useRows(incidents);
  const standings = [useStanding(alarms), useStanding(incidents)];
  const counted = standings.every((one) => one === 'known');
  const known = useRef<Set<string> | null>(null);
  const [critical, setCritical] = useState('');
  const waiting = useMemo(
    () => queueOf(alarmRows, incidentRows, { desk, show: 'waiting', filter: '' }).length,
    [alarmRows, incidentRows, desk],
  );
  const slowly = useSlowly(waiting);
  useEffect(() => {
    const now = alarmRows.filter(
      (row) => row.priority === 1 && row.raises === 'alarm' && row.state === 'unacknowledged',
    );
    const before = known.current;
    // What was there when the page opened is no news.
    if (alarms.standing() === 'known') known.current = new Set(now.map((row) => row.id));
    const news = before && now.filter((row) => !before.has(row.id));
    if (news && news.length > 0) setCritical(news.map((row) => `${said(row.name)}, ${row.asset}`).join('. '));
  }, [alarmRows, said]);
  useEffect(() => {
    document.title = `${counted && waiting > 0 ? `(${waiting}) ` : ''}Vigie – ${t(`shell.page_${page}`)}`;
  }, [t, page, waiting, counted]);
  return (
    <div className="visually-hidden">
      <p role="alert" data-testid="critical">
        {critical && `${t('priority.1')} : ${critical}`}
      </p>
      <p role="status">{counted && t('queue.announce', { count: slowly })}</p>
    </div>
  );
}
