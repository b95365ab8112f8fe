import { type FormEvent, useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { explained } from '../api/problem.ts';
import { useWords } from '../i18n/index.ts';
import { CrewPage } from './CrewPage.tsx';
import { Preferences } from './Preferences.tsx';
import { outbox, signIn, signOut, whoIsThere } from './room.ts';
import type { Person } from './shelf.ts';

function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener);
      addEventListener('offline', listener);
      return () => {
        removeEventListener('online', listener);
        removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
}

function SignIn({
  online,
  waiting,
  onSignedIn,
}: {
  online: boolean;
  waiting: number;
  onSignedIn: (person: Person) => void;
}) {
  const { t } = useWords();
  const [refusal, setRefusal] = useState('');
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setRefusal('');
    try {
      onSignedIn(await signIn(String(form.get('login')), String(form.get('password'))));
    } catch (error) {
      setRefusal(explained(error));
    }
  };
  return (
    <main className="crew-sign-in">
      <form onSubmit={(event) => void submit(event)} data-testid="sign-in">
        <h1>
          Vigie <span className="quiet">{t('crew.room')}</span>
        </h1>
        {waiting > 0 && <p className="refusal">{t('crew.sign_in_again')}</p>}
        <label className="field">
          <span>{t('sign_in.login')}</span>
          <input className="input" name="login" autoComplete="username" autoCapitalize="none" required />
        </label>
        <label className="field">
          <span>{t('sign_in.password')}</span>
          <input className="input" name="password" type="password" autoComplete="current-password" required />
        </label>
        {!online && <p className="refusal">{t('crew.need_network')}</p>}
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <button type="submit" className="button button-primary crew-button">
          {t('sign_in.enter')}
        </button>
        <Preferences />
      </form>
    </main>
  );
}

export function CrewApp() {
  const { t } = useWords();
  const online = useOnline();
  const answers = useSyncExternalStore(outbox.watch, outbox.list);
  const [person, setPerson] = useState<Person | null | undefined>();
  const forget = useCallback(() => setPerson(null), []);
  useEffect(() => {
    void outbox.load().then(whoIsThere).then(setPerson);
  }, []);
  useEffect(() => {
    if (!person) document.title = `Vigie – ${t('crew.room')}`;
  }, [t, person]);
  if (person === undefined) return <main className="crew quiet">{t('common.loading')}</main>;
  if (person === null) return <SignIn online={online} waiting={answers.length} onSignedIn={setPerson} />;
  const leave = async () => {
    await signOut();
    setPerson(null);
  };
  return (
    <CrewPage
      person={person}
      online={online}
      answers={answers}
      onSignOut={() => void leave()}
      onSignInNeeded={forget}
    />
  );
}
