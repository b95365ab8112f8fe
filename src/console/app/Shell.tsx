import { useEffect, useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { LogbookPage } from '../logbook/LogbookPage.tsx';
import { OperationsPage } from '../operations/OperationsPage.tsx';
import { Keys } from './Keys.tsx';
import { LinkBanner } from './LinkBanner.tsx';
import { go, usePlace } from './place.ts';
import { StatusLine } from './StatusLine.tsx';
import { useShortcuts } from './shortcuts.ts';
import { TopBar } from './TopBar.tsx';

export function Shell({ onSignOut }: { onSignOut: () => void }) {
  const { t } = useWords();
  const { page } = usePlace();
  const [help, setHelp] = useState(false);
  useShortcuts({ '?': () => setHelp(true) });
  useEffect(() => {
    document.title = `Vigie – ${t(`shell.page_${page}`)}`;
  }, [t, page]);
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
      <main id="view" className="view" tabIndex={-1}>
        {page === 'operations' ? <OperationsPage /> : <LogbookPage />}
      </main>
      <StatusLine />
      {help && <Keys onClose={() => setHelp(false)} />}
    </div>
  );
}
