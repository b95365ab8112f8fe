import { useWords } from '../i18n/index.ts';
import type { Standing } from '../live/rows.ts';

export type Part = [what: 'alarms' | 'incidents' | 'interventions' | 'desks' | 'logbook', standing: Standing];

/** What a list cannot show, and why: not read yet, not permitted, not to be had now. Silence would be taken for calm. */
export function Lacking({ parts }: { parts: readonly Part[] }) {
  const { t } = useWords();
  const lacking = parts.filter(([, standing]) => standing !== 'known');
  if (lacking.length === 0) return null;
  return (
    <div className="lacking" role="status" data-testid="lacking">
      {lacking.map(([what, standing]) => (
        <p key={what} className={standing === 'loading' ? 'quiet' : 'refusal'} data-standing={standing}>
          {t(`lacking.${what}`)} – {t(`lacking.${standing}`)}
        </p>
      ))}
    </div>
  );
}
