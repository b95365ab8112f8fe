import { useState } from 'react';
import type { IncidentDetail, Intervention, InterventionState } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { crews } from '../live/city.ts';
import { Age } from '../ui/Age.tsx';
import { author } from '../ui/author.ts';
import { MoveIntervention } from './dialogs.ts';
import type { useActs } from './useIncident.ts';

const finished: InterventionState[] = ['closed', 'cancelled', 'refused'];

/** Interventions of an incident. What one may do with each is what the server allows, by name. */
export function Interventions({ incident, act }: { incident: IncidentDetail; act: ReturnType<typeof useActs>['act'] }) {
  const { t } = useWords();
  const [moving, setMoving] = useState<{ row: Intervention; to: InterventionState } | null>(null);
  if (incident.intervention_rows.length === 0) return null;
  return (
    <section className="panel-part">
      <h3>{t('intervention.title')}</h3>
      <ul className="plain-list" data-testid="interventions">
        {incident.intervention_rows.map((row) => (
          <li key={row.id} className="intervention" data-state={row.state} data-id={row.id}>
            <p>
              <span className="strong">{crews.get(row.crew)?.name ?? row.crew}</span>{' '}
              <span className={finished.includes(row.state) ? 'badge quiet' : 'badge'} data-testid="intervention-state">
                {t(`state.${row.state}`)}
              </span>{' '}
              <Age at={row.state_since ?? row.created_at} className="quiet" />
            </p>
            {row.description && <p className="quiet">{row.description}</p>}
            {row.state === 'restored' && <p className="quiet small">{t('intervention.restored_meaning')}</p>}
            {row.verified_by && (
              <p className="quiet small">
                {t('intervention.verified_by')} {author(row.verified_by)}
              </p>
            )}
            {row.allowed.length > 0 && (
              <div className="actions">
                {row.allowed.map((to) => (
                  <button
                    key={to}
                    type="button"
                    className="button"
                    onClick={() => setMoving({ row, to })}
                    data-testid={`move-${to}`}
                  >
                    {t(`move.${to}`)}
                  </button>
                ))}
              </div>
            )}
          </li>
        ))}
      </ul>
      {moving && <MoveIntervention row={moving.row} to={moving.to} act={act} onClose={() => setMoving(null)} />}
    </section>
  );
}
