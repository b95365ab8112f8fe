import '@fontsource-variable/inter/wght.css';
import '../ui/tokens.css';
import '../ui/base.css';
import './shell.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { Problem } from '../api/problem.ts';
import en from '../i18n/en.json';
import fr from '../i18n/fr.json';
import { startLanguage } from '../i18n/index.ts';
import { startTheme } from '../ui/theme.ts';
import { App } from './App.tsx';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // A refusal stays one however often it is asked; a breakdown may pass.
      retry: (count, error) => !(error instanceof Problem && error.status < 500) && count < 2,
    },
  },
});

startTheme();
startLanguage({ fr, en });
createRoot(document.getElementById('root')!).render(
  <QueryClientProvider client={queries}>
    <App />
  </QueryClientProvider>,
);
