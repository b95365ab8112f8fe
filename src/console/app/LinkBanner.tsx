import { useWords } from '../i18n/index.ts';
import { useLink } from '../live/city.ts';
import { age } from '../ui/format.ts';
import { useNow } from '../ui/useNow.ts';

/** What is on the screen while the link is down is the past, and must not be taken for the present. */
export function LinkBanner() {
  const { t, language } = useWords();
  const link = useLink();
  const now = useNow();
  const late = link.state === 'connecting' && now - link.since > 3000;
  return (
    <div role="alert" className="link-banner" hidden={link.state !== 'lost' && !late} data-testid="link-banner">
      {(link.state === 'lost' || late) && (
        <>
          <strong>{t('link.lost_since')}</strong> <span aria-live="off">{age(link.since, now, language)}</span>
          {' – '}
          {t('link.lost_meaning')}
        </>
      )}
    </div>
  );
}
