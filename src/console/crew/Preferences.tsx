import { LanguageButton, ThemeButton } from '../app/Preferences.tsx';

export function Preferences() {
  return (
    <span className="crew-preferences">
      <LanguageButton />
      <ThemeButton />
    </span>
  );
}
