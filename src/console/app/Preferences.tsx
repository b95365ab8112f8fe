import { setLanguage, useWords } from '../i18n/index.ts';
import { setTheme, useTheme } from '../ui/theme.ts';

export function LanguageButton() {
  const { t, language } = useWords();
  const other = language === 'fr' ? 'en' : 'fr';
  return (
    <button
      type="button"
      className="button button-plain"
      lang={other}
      title={t('shell.other_language')}
      data-testid="language"
      onClick={() => setLanguage(other)}
    >
      {other === 'en' ? 'English' : 'Français'}
    </button>
  );
}

export function ThemeButton() {
  const { t } = useWords();
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      className="button button-plain"
      data-testid="theme"
      onClick={() => setTheme(other)}
      title={t(`shell.theme_${other}`)}
      aria-label={t(`shell.theme_${other}`)}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
      </svg>
    </button>
  );
}
