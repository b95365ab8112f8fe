import { useEffect, useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { alarms, openIncidentOf } from '../live/city.ts';
import { askForIncident, type NewIncidentFrom } from '../operations/ask.ts';
import { NewIncident } from '../operations/dialogs.ts';
import { OperationsPage } from '../operations/OperationsPage.tsx';
import { afterShell } from '../ui/afterShell.ts';
import { Announcer } from './Announcer.tsx';
import { LinkBanner } from './LinkBanner.tsx';
import { go, type Selection, usePlace } from './place.ts';
import { SelfBanner } from './SelfBanner.tsx';
import { StatusLine } from './StatusLine.tsx';
import { useMay } from './session.ts';
import { useShortcuts } from './shortcuts.ts';
import { TopBar } from './TopBar.tsx';

const Keys = afterShell(async () => (await import('./Keys.tsx')).Keys);
const LogbookPage = afterShell(async () => (await import('../logbook/LogbookPage.tsx')).LogbookPage);

/** A new incident starts from what is before the operator: the chosen alarm, unless an open incident has it already. */
function chosen(selection: Selection | null): NewIncidentFrom {
  if (selection?.type === 'alarm' && !openIncidentOf(alarms.get(selection.key))) return { alarm: selection.key };
  if (selection?.type === 'asset') return { asset: selection.key };
  return {};
}

export function Shell({ stays, onSignOut }: { stays: boolean; onSignOut: () => void }) {
  const { t } = useWords();
  const { page, selection } = usePlace();
  const operates = useMay()('operate', 'operations');
  const [help, setHelp] = useState(false);
  const [from, setFrom] = useState<NewIncidentFrom | null>(null);
  useShortcuts({ '?': () => setHelp(true), F2: () => askForIncident(chosen(selection)) });
  // Every way to the form ends here, and is none for somebody whom the server would refuse it.
  useEffect(() => {
    if (!operates) return;
    const open = (event: Event) => setFrom((event as CustomEvent<NewIncidentFrom>).detail);
    addEventListener('vigie:new-incident', open);
    return () => removeEventListener('vigie:new-incident', open);
  }, [operates]);
  const link = (name: 'operations' | 'logbook') => (
    <a
      href={name === 'operations' ? '/' : '/?page=logbook'}
      aria-current={page === name ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.button !== 0) return;
        event.preventDefault();
        go({ page: name });
      }}
    >
      {t(`shell.page_${name}`)}
    </a>
  );
  return (
    <div className="shell">
      <a className="skip" href="#view">
        {t('shell.skip')}
      </a>
      <TopBar
        onSignOut={onSignOut}
        onHelp={() => setHelp(true)}
        nav={
          <nav className="nav" aria-label={t('shell.nav')}>
            {link('operations')}
            {link('logbook')}
          </nav>
        }
      />
      <LinkBanner />
      <SelfBanner />
      <div role="alert" className="self-banner" hidden={!stays} data-testid="still-signed-in">
        {stays && t('shell.still_signed_in')}
      </div>
      <main id="view" className="view" tabIndex={-1}>
        {page === 'operations' ? <OperationsPage /> : <LogbookPage />}
      </main>
      <Announcer />
      <StatusLine />
      {from && <NewIncident from={from} onClose={() => setFrom(null)} />}
      {help && <Keys onClose={() => setHelp(false)} />}
    </div>
  );
}
