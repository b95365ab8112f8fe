import { useWords } from '../i18n/index.ts';
import { PriorityMark } from '../ui/PriorityMark.tsx';

const quiet = ['unknown', 'stale', 'unpowered', 'normal'] as const;

export function Legend() {
  const { t } = useWords();
  return (
    <details className="map-menu map-legend">
      <summary className="button">{t('map.legend')}</summary>
      <ul className="map-sheet">
        {[1, 2, 3, 4].map((priority) => (
          <li key={priority}>
            <PriorityMark priority={priority} size={18} /> {t(`display.alarm_${priority}`)}
          </li>
        ))}
        <li>
          <PriorityMark priority={0} size={18} /> {t('display.maintenance')}
        </li>
        {quiet.map((state) => (
          <li key={state}>
            <svg width="18" height="18" viewBox="0 0 18 18" className={`legend legend-${state}`} aria-hidden="true">
              <circle cx="9" cy="9" r="6" />
              {state === 'unknown' && (
                <text x="9" y="13">
                  ?
                </text>
              )}
              {state === 'stale' && <path d="M4 11L11 4M6 14L14 6" />}
            </svg>{' '}
            {t(`display.${state}`)}
          </li>
        ))}
      </ul>
    </details>
  );
}
