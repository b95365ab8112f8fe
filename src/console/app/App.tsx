import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { I18nProvider } from 'react-aria-components';
import { answered, api, setSession, whenSessionOver } from '../api/client.ts';
import type { Session } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { startCity, useLink } from '../live/city.ts';
import { followPoints } from '../map/points.ts';
import { Shell } from './Shell.tsx';
import { SignIn } from './SignIn.tsx';
import { SessionContext } from './session.ts';

const was_in = 'vigie.signed_in';

type Gate = { state: 'asking' } | { state: 'out'; over: boolean } | { state: 'in'; session: Session };

function Inside({ session, onOver }: { session: Session; onOver: (over: boolean) => void }) {
  const link = useLink();
  const queries = useQueryClient();
  useEffect(() => {
    const ends = [followPoints(), startCity()];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  useEffect(() => {
    if (link.state === 'over') onOver(true);
  }, [link.state, onOver]);
  const [stays, setStays] = useState(false);
  // A session that the server could not end still opens everything to whoever sits down next.
  const signOut = async () => {
    const status = await api.DELETE('/api/v1/session').then(
      ({ response }) => response.status,
      () => 0,
    );
    if (status !== 204 && status !== 401) return setStays(true);
    queries.clear();
    onOver(false);
  };
  return (
    <SessionContext value={session}>
      <Shell stays={stays} onSignOut={() => void signOut()} />
    </SessionContext>
  );
}

export function App() {
  const { language } = useWords();
  const [gate, setGate] = useState<Gate>({ state: 'asking' });
  const enter = useCallback((session: Session) => {
    setSession(session);
    localStorage.setItem(was_in, '1');
    setGate({ state: 'in', session });
  }, []);
  const leave = useCallback((over: boolean) => {
    setSession(null);
    localStorage.removeItem(was_in);
    setGate({ state: 'out', over });
  }, []);
  useEffect(() => {
    whenSessionOver(() => leave(true));
    // Asking without ever having signed in would be one certain refusal.
    if (!localStorage.getItem(was_in)) setGate({ state: 'out', over: false });
    else answered(api.GET('/api/v1/session')).then(enter, () => setGate({ state: 'out', over: false }));
  }, [enter, leave]);
  return (
    <I18nProvider locale={language === 'fr' ? 'fr-FR' : 'en-GB'}>
      {gate.state === 'out' && <SignIn over={gate.over} onSignedIn={enter} />}
      {gate.state === 'in' && <Inside session={gate.session} onOver={leave} />}
    </I18nProvider>
  );
}
