import { useEffect, useState } from 'react';
import { Sounding, tones } from '../alarms/sounding.ts';
import { useWords } from '../i18n/index.ts';
import { alarms } from '../live/city.ts';
import { play, unlock, useSpeaker } from '../ui/speaker.ts';
import { setMuted, useMuted } from './muted.ts';

const look_ms = 1000;

/** Of several windows of one workstation one sounds; where the browser cannot tell, each does. */
function useLead(ready: boolean): boolean {
  const [leads, setLeads] = useState(false);
  useEffect(() => {
    if (!ready) return;
    if (!navigator.locks) {
      setLeads(true);
      return;
    }
    const given = new AbortController();
    let release = () => {};
    const held = () =>
      new Promise<void>((done) => {
        release = done;
        setLeads(true);
      });
    navigator.locks.request('vigie.sound', { signal: given.signal }, held).catch(() => undefined);
    return () => {
      given.abort();
      release();
      setLeads(false);
    };
  }, [ready]);
  return leads;
}

/** Lets alarms be heard, and says whether they are: sounding, silenced by the person, or held back by the browser. */
export function Sound() {
  const { t } = useWords();
  const speaker = useSpeaker();
  const muted = useMuted();
  const leads = useLead(speaker === 'ready' && !muted);
  const [sounded, setSounded] = useState({ times: 0, priority: 0 });
  useEffect(() => {
    if (!leads) return;
    const sounding = new Sounding();
    const look = () => {
      const priority = sounding.due(alarms.unpainted(), performance.now());
      if (priority === null) return;
      play(tones[priority]);
      setSounded(({ times }) => ({ times: times + 1, priority }));
    };
    look();
    // A hidden page's timers are slow, and it is not painted; what the stream brings is heard at once all the same.
    const stop = alarms.watch(look);
    const timer = setInterval(look, look_ms);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [leads]);
  const state = muted ? 'muted' : speaker;
  return (
    <button
      type="button"
      className={state === 'ready' ? 'button button-plain' : 'button sound-off'}
      title={t(`sound.${state}_meaning`)}
      disabled={state === 'absent'}
      onClick={() => {
        unlock();
        if (state !== 'blocked') setMuted(!muted);
      }}
      data-testid="sound"
      data-state={state}
      data-sounded={sounded.times}
      data-priority={sounded.priority}
    >
      <svg width="18" height="16" viewBox="0 0 18 16" aria-hidden="true">
        <path d="M1 5.5h3l4-3.5v12l-4-3.5H1z" fill="currentColor" />
        <path
          d={state === 'ready' ? 'M10.5 5q2 3 0 6M13 3q4 5 0 10' : 'M11 5.5l5 5M16 5.5l-5 5'}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.6"
        />
      </svg>
      <span className={state === 'ready' ? 'visually-hidden' : undefined}>{t(`sound.${state}`)}</span>
    </button>
  );
}
