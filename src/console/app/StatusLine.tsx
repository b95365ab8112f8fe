import { useWords } from '../i18n/index.ts';
import { useLink } from '../live/city.ts';
import { usePoints } from '../map/points.ts';
import { clock, number } from '../ui/format.ts';
import { useNow } from '../ui/useNow.ts';

const told = ['unknown', 'stale', 'unpowered', 'maintenance'] as const;

function delay(ms: number, language: string): string {
  return ms < 1000 ? `${ms} ms` : `${number(ms / 1000, language, 1)} s`;
}

export function StatusLine() {
  const { t, language } = useWords();
  const link = useLink();
  const now = useNow();
  const points = usePoints();
  return (
    <footer className="status-line">
      <span data-testid="link" data-link={link.state}>
        <span className={`link-dot link-${link.state}`} aria-hidden="true" />
        {link.state === 'open'
          ? `${t('link.open')} ${link.lag_ms === null ? '' : delay(link.lag_ms, language)}`
          : t(`link.${link.state}`)}
      </span>
      <span data-testid="equipment-count">
        {points.shape > 0 ? t('status.equipment', { amount: number(points.count, language) }) : t('status.loading')}
      </span>
      {told.map((state) => (
        <span key={state} className="status-more">
          {points.shape > 0 ? number(points.byState[state] ?? 0, language) : '–'} {t(`display.${state}_many`)}
        </span>
      ))}
      <time className="status-clock">{clock(now, language)}</time>
    </footer>
  );
}
