import { useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { sendPosition } from './room.ts';
import type { Person } from './shelf.ts';

const wait_ms = 15_000;

/** The position goes out when the crew says so: the room sees where they are, not where they have been all day. */
export function PositionButton({ person }: { person: Person }) {
  const { t } = useWords();
  const [told, setTold] = useState('');
  const send = () => {
    setTold(t('common.loading'));
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) => {
        void sendPosition(person, timestamp, [coords.longitude, coords.latitude]).then((sent) =>
          setTold(sent.kind === 'refused' ? sent.refusal : t(`crew.position_${sent.kind}`)),
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
