import { useEffect, useRef, useState } from 'react';
import type { Intervention } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { play, unlock, useSpeaker } from '../ui/speaker.ts';
import { dispatch_tone, dispatch_vibration_ms, newlySent } from './news.ts';

/** A new intervention makes itself noticed: by tone and vibration where the telephone permits them, by words always. */
export function News({ rows }: { rows: readonly Intervention[] | null }) {
  const { t } = useWords();
  const speaker = useSpeaker();
  const known = useRef<Set<string> | null>(null);
  const [news, setNews] = useState<readonly string[]>([]);
  useEffect(() => {
    if (!rows) return;
    const sent = newlySent(known.current, rows);
    known.current = new Set(rows.map((row) => row.id));
    if (sent.length > 0) {
      play(dispatch_tone);
      navigator.vibrate?.(dispatch_vibration_ms);
    }
    const waiting = new Set(rows.filter((row) => row.state === 'assigned').map((row) => row.id));
    setNews((before) => [...before.filter((id) => waiting.has(id)), ...sent.map((row) => row.id)]);
  }, [rows]);
  const shown = (rows ?? []).filter((row) => news.includes(row.id));
  useEffect(() => {
    document.title = `${shown.length > 0 ? `(${shown.length}) ` : ''}Vigie – ${t('crew.room')}`;
  }, [shown.length, t]);
  return (
    <>
      <div role="alert">
        {shown.length > 0 && (
          <p className="crew-news" data-testid="news">
            <span>
              <strong>{t('crew.news', { count: shown.length })}</strong>{' '}
              {shown.map((row) => row.incident_title).join(' · ')}
            </span>
            <button type="button" className="button crew-button" onClick={() => setNews([])}>
              {t('common.dismiss')}
            </button>
          </p>
        )}
      </div>
      {speaker === 'blocked' && (
        <p>
          <button type="button" className="button crew-button" onClick={unlock} data-testid="enable-sound">
            {t('crew.enable_sound')}
          </button>
        </p>
      )}
    </>
  );
}
