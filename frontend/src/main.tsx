import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { I18nextProvider } from 'react-i18next';
import { App } from './App';
import { queryClient } from './api/queries';
import { i18n } from './i18n';
import { usePrefs } from './state/prefs';
import './ui/fonts.css';
import './ui/tokens.css';
import './ui/base.css';
import './ui/controls.css';
import './panels/frame.css';
import './panels/lists.css';
import './panels/card.css';
import './panels/rules/rules.css';

function wear(theme: string): void {
  document.documentElement.dataset.theme = theme;
}
wear(usePrefs.getState().theme);
usePrefs.subscribe((prefs) => wear(prefs.theme));

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <I18nextProvider i18n={i18n}>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </I18nextProvider>
  </StrictMode>,
);
