import { useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { sendPosition } from './room.ts';

const wait_ms = 15_000;

/** The position goes out when the crew says so: the room sees where they are, not where they have been all day. */
export function PositionButton({ crew }: { crew: string }) {
  const { t } = useWords();
  const [told, setTold] = useState('');
  const send = () => {
    setTold(t('common.loading'));
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) => {
        const at = new Date(timestamp).toISOString();
        void sendPosition(crew, at, [coords.longitude, coords.latitude]).then((sent) =>
          setTold(t(sent ? 'crew.position_sent' : 'crew.position_kept')),
        );
      },
      () => setTold(t('crew.position_refused')),
      { enableHighAccuracy: true, timeout: wait_ms, maximumAge: wait_ms },
    );
  };
  return (
    <p className="crew-position">
      <button type="button" className="button crew-button" onClick={send} data-testid="send-position">
        {t('crew.send_position')}
      </button>
      <span role="status" className="quiet">
        {told}
      </span>
    </p>
  );
}
