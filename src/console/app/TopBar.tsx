import { type ReactNode, useMemo } from 'react';
import { useWords } from '../i18n/index.ts';
import { alarms, useRows, useStanding } from '../live/city.ts';
import { askForIncident } from '../operations/ask.ts';
import { countByPriority } from '../operations/queue.ts';
import { afterShell } from '../ui/afterShell.ts';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import { LanguageButton, ThemeButton } from './Preferences.tsx';
import { Sound } from './Sound.tsx';
import { useMay, useSession } from './session.ts';

function SearchMeanwhile() {
  const { t } = useWords();
  return (
    <div className="address">
      <input className="input" disabled placeholder={t('address.placeholder')} aria-label={t('address.label')} />
    </div>
  );
}
// The largest of the page's controls: the queue does not wait for it.
const AddressSearch = afterShell(async () => (await import('../map/AddressSearch.tsx')).AddressSearch, SearchMeanwhile);

export function TopBar(props: { nav: ReactNode; onSignOut: () => void; onHelp: () => void }) {
  const { t } = useWords();
  const session = useSession();
  const may = useMay();
  const rows = useRows(alarms);
  const known = useStanding(alarms) === 'known';
  const counts = useMemo(() => countByPriority(rows), [rows]);
  return (
    <header className="top-bar">
      <h1 className="top-name">
        Vigie <span className="quiet top-room">{t('shell.room')}</span>
      </h1>
      {props.nav}
      <AddressSearch />
      {may('operate', 'operations') && (
        <button type="button" className="button" onClick={() => askForIncident({})} data-testid="new-incident">
          {t('incident.new')} <kbd>F2</kbd>
        </button>
      )}
      <ul className="top-counts" aria-label={t('shell.counts')}>
        {[1, 2, 3, 4].map((priority) => (
          <li key={priority} title={t(`priority.${priority}`)} data-testid={`count-${priority}`}>
            <PriorityMark priority={priority} size={18} />
            <span className="visually-hidden">{t(`priority.${priority}`)} </span>
            {known ? (
              <span className={counts[priority] ? 'strong' : 'quiet'}>{counts[priority]}</span>
            ) : (
              <span className="quiet">
                <span aria-hidden="true">–</span>
                <span className="visually-hidden">{t('lacking.unknown_count')}</span>
              </span>
            )}
          </li>
        ))}
      </ul>
      <div className="top-person">
        <Sound />
        <LanguageButton />
        <ThemeButton />
        <button
          type="button"
          className="button button-plain"
          onClick={props.onHelp}
          title={t('keys.title')}
          aria-label={t('keys.title')}
        >
          ?
        </button>
        <span className="top-who" title={`${session.login} – ${t(`role.${session.role}`)}`}>
          {session.name}
        </span>
        <button type="button" className="button" onClick={props.onSignOut} data-testid="sign-out">
          {t('shell.sign_out')}
        </button>
      </div>
    </header>
  );
}
