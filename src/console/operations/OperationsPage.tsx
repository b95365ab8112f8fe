import './operations.css';
import { go, usePlace } from '../app/place.ts';
import { useShortcuts } from '../app/shortcuts.ts';
import { useWords } from '../i18n/index.ts';
import { MapPane } from '../map/MapPane.tsx';
import { DeskStrips } from './DeskStrips.tsx';
import { DetailPane } from './DetailPane.tsx';
import { QueuePane } from './QueuePane.tsx';

const panes = ['map-pane', 'queue-pane', 'detail-pane'];

function focusNextPane() {
  const at = panes.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
  document.getElementById(panes[(at + 1) % panes.length] ?? '')?.focus();
}

export function OperationsPage() {
  const { t } = useWords();
  const { selection } = usePlace();
  useShortcuts({
    F6: focusNextPane,
    Escape: () => {
      if (selection) go({ selection: null });
      document.getElementById('queue-list')?.focus();
    },
  });
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
    </div>
  );
}
