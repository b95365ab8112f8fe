import { AlarmPanel } from '../alarms/AlarmPanel.tsx';
import { go, usePlace } from '../app/place.ts';
import { AssetPanel } from '../assets/AssetPanel.tsx';
import { useWords } from '../i18n/index.ts';
import { logbook, newestFirst, useRows, useStanding } from '../live/city.ts';
import { Story } from '../logbook/Story.tsx';
import { Notices } from '../ui/Notices.tsx';
import { useSettled } from '../ui/useSettled.ts';
import { IncidentPanel } from './IncidentPanel.tsx';
import { Lacking } from './Lacking.tsx';

const latest_entries = 40;

/** With nothing chosen, what the room did last. */
function Latest() {
  const { t } = useWords();
  const rows = useRows(logbook);
  const standing = useStanding(logbook);
  return (
    <div className="panel">
      <div className="panel-head">
        <h2>{t('logbook.latest')}</h2>
      </div>
      <p className="quiet small">{t('detail.nothing')}</p>
      <Lacking parts={[['logbook', standing]]} />
      <Story rows={newestFirst(rows).slice(0, latest_entries)} linked />
    </div>
  );
}

export function DetailPane() {
  const { t } = useWords();
  const { selection } = usePlace();
  const shown = useSettled(selection);
  return (
    <>
      {shown && (
        <button
          type="button"
          className="button button-plain panel-close"
          onClick={() => go({ selection: null })}
          data-testid="close-detail"
        >
          ✕ <kbd>Esc</kbd>
          <span className="visually-hidden">{t('detail.close')}</span>
        </button>
      )}
      {shown?.type === 'alarm' && <AlarmPanel key={shown.key} id={shown.key} />}
      {shown?.type === 'incident' && <IncidentPanel key={shown.key} number={Number(shown.key)} />}
      {shown?.type === 'asset' && <AssetPanel key={shown.key} code={shown.key} />}
      {!shown && <Latest />}
      <Notices />
    </>
  );
}
