import '@fontsource-variable/inter/wght.css';
import '../ui/tokens.css';
import '../ui/base.css';
import './crew.css';
import { createRoot } from 'react-dom/client';
import en from '../i18n/crew.en.json';
import fr from '../i18n/crew.fr.json';
import { startLanguage } from '../i18n/index.ts';
import { startTheme } from '../ui/theme.ts';
import { CrewApp } from './CrewApp.tsx';

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  void navigator.serviceWorker.register('/crew-sw.js', { scope: '/crew' }).catch(() => undefined);
}
// In the sun a light screen is read better.
startTheme('light');
startLanguage({ fr, en });
createRoot(document.getElementById('root')!).render(<CrewApp />);
