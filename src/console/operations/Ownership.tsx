import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import type { IncidentDetail } from '../api/types.ts';
import { useMay, useSession } from '../app/session.ts';
import { useWords } from '../i18n/index.ts';
import { incidents } from '../live/city.ts';
import { showOnMap } from '../map/camera.ts';
import { ChangeIncident, CloseIncident } from './dialogs.ts';
import { ownershipActs } from './owner.ts';
import type { useActs } from './useIncident.ts';

/** What a person may do with an incident as a whole. A button that would be refused is not there. */
export function Ownership({ incident, act }: { incident: IncidentDetail; act: ReturnType<typeof useActs>['act'] }) {
  const { t } = useWords();
  const session = useSession();
  const may = useMay();
  const [asking, setAsking] = useState<'change' | 'close' | null>(null);
  const params = { path: { number: incident.number } };
  const acts = ownershipActs(incident, session.login, (level) => may(level, 'operations', incident.commune));
  const claim = () =>
    act(async () => incidents.put(await answered(api.POST('/api/v1/incidents/{number}/claim', { params }))));
  const release = () =>
    act(async () => incidents.put(await answered(api.POST('/api/v1/incidents/{number}/release', { params }))));
  return (
    <>
      <div className="actions">
        {acts.claim && (
          <button type="button" className="button button-primary" onClick={() => void claim()} data-testid="claim">
            {t('incident.claim')}
          </button>
        )}
        {acts.release && (
          <button type="button" className="button" onClick={() => void release()} data-testid="release">
            {acts.release === 'own'
              ? t('incident.release')
              : t('incident.release_of', { name: incident.owner_name || incident.owner })}
          </button>
        )}
        {acts.work && (
          <>
            <button type="button" className="button" onClick={() => setAsking('change')} data-testid="change">
              {t('incident.change')}
            </button>
            <button type="button" className="button" onClick={() => setAsking('close')} data-testid="close-incident">
              {t('incident.close')}
            </button>
          </>
        )}
        <button
          type="button"
          className="button"
          onClick={() => showOnMap(incident.position, incident.asset)}
          title={t('map.show')}
        >
          {t('map.show')}
        </button>
      </div>
      {asking === 'change' && <ChangeIncident incident={incident} onClose={() => setAsking(null)} />}
      {asking === 'close' && <CloseIncident number={incident.number} onClose={() => setAsking(null)} />}
    </>
  );
}
