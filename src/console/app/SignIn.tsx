import { type FormEvent, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Session } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { LanguageButton, ThemeButton } from './Preferences.tsx';

export function SignIn({ over, onSignedIn }: { over: boolean; onSignedIn: (session: Session) => void }) {
  const { t } = useWords();
  const [refusal, setRefusal] = useState('');
  const [asking, setAsking] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setAsking(true);
    setRefusal('');
    try {
      const body = { login: String(form.get('login')), password: String(form.get('password')) };
      onSignedIn(await answered(api.POST('/api/v1/session', { body })));
    } catch (error) {
      setRefusal(explained(error));
      setAsking(false);
    }
  };
  return (
    <main className="sign-in">
      <form onSubmit={(event) => void submit(event)} data-testid="sign-in">
        <h1>
          <span className="sign-in-name">Vigie</span> {t('sign_in.room')}
        </h1>
        {over && <p className="refusal">{t('sign_in.over')}</p>}
        <label className="field">
          <span>{t('sign_in.login')}</span>
          <input className="input" name="login" autoComplete="username" required autoCapitalize="none" />
        </label>
        <label className="field">
          <span>{t('sign_in.password')}</span>
          <input className="input" name="password" type="password" autoComplete="current-password" required />
        </label>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <button className="button button-primary" type="submit" disabled={asking}>
          {t('sign_in.enter')}
        </button>
        <div className="sign-in-foot">
          <a href="/crew.html">{t('sign_in.crew_page')}</a>
          <span>
            <LanguageButton />
            <ThemeButton />
          </span>
        </div>
      </form>
    </main>
  );
}
