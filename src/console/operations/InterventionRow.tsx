import type { Intervention } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { crews } from '../live/city.ts';
import { Age } from '../ui/Age.tsx';
import { PriorityMark } from '../ui/PriorityMark.tsx';

export function InterventionRow({ row }: { row: Intervention }) {
  const { t } = useWords();
  return (
    <>
      <span className="entry-mark">
        <PriorityMark priority={row.priority} />
        <span className="visually-hidden">{t(`priority.${row.priority}`)}</span>
      </span>
      <span className="entry-text">
        <span className="entry-name">
          <span className="entry-number">{t('incident.number', { number: row.incident })}</span> {row.incident_title}
        </span>
        <span className="entry-more">
          {[crews.get(row.crew)?.name ?? row.crew, row.address].filter(Boolean).join(' · ')}
        </span>
      </span>
      <span className="entry-end">
        <Age at={row.state_since ?? row.created_at} className="entry-age" />
        <span className="entry-state">{t(`state.${row.state}`)}</span>
      </span>
    </>
  );
}
