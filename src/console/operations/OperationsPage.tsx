import './operations.css';
import { useEffect, useState } from 'react';
import { go, usePlace } from '../app/place.ts';
import { useShortcuts } from '../app/shortcuts.ts';
import { useWords } from '../i18n/index.ts';
import { MapPane } from '../map/MapPane.tsx';
import { DeskStrips } from './DeskStrips.tsx';
import { DetailPane } from './DetailPane.tsx';
import { NewIncident, type NewIncidentFrom } from './NewIncident.tsx';
import { QueuePane } from './QueuePane.tsx';

const panes = ['map-pane', 'queue-pane', 'detail-pane'];

function focusNextPane() {
  const at = panes.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
  document.getElementById(panes[(at + 1) % panes.length] ?? '')?.focus();
}

export function OperationsPage() {
  const { t } = useWords();
  const { selection } = usePlace();
  const [from, setFrom] = useState<NewIncidentFrom | null>(null);
  useShortcuts({
    F2: () => setFrom(selection?.type === 'alarm' ? { alarm: selection.key } : {}),
    F6: focusNextPane,
    Escape: () => {
      if (selection) go({ selection: null });
      document.getElementById('queue-list')?.focus();
    },
  });
  useEffect(() => {
    const open = (event: Event) => setFrom((event as CustomEvent<NewIncidentFrom>).detail);
    addEventListener('vigie:new-incident', open);
    return () => removeEventListener('vigie:new-incident', open);
  }, []);
  return (
    <div className="operations">
      <DeskStrips />
      <section id="map-pane" className="map-pane" aria-label={t('map.pane')} tabIndex={-1}>
        <MapPane />
      </section>
      <section id="queue-pane" className="queue-pane" aria-label={t('queue.title')} tabIndex={-1}>
        <QueuePane />
      </section>
      <section id="detail-pane" className="detail-pane" aria-label={t('detail.title')} tabIndex={-1}>
        <DetailPane />
      </section>
      {from && <NewIncident from={from} onClose={() => setFrom(null)} />}
    </div>
  );
}
