// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { I18nextProvider } from 'react-i18next';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { i18n } from '../i18n';
import { setPrefs } from '../state/prefs';
import { Login } from './Login';

function answer(status: number, body?: unknown) {
  return vi.fn(
    async () =>
      new Response(body === undefined ? null : JSON.stringify(body), {
        status,
        headers: { 'content-type': 'application/problem+json' },
      }),
  );
}

function show() {
  render(
    <I18nextProvider i18n={i18n}>
      <QueryClientProvider client={new QueryClient()}>
        <Login />
      </QueryClientProvider>
    </I18nextProvider>,
  );
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: ' admin ' } });
  fireEvent.change(screen.getByLabelText('Password'), { target: { value: 'secret' } });
  fireEvent.submit(screen.getByRole('button', { name: 'Sign in' }).closest('form') as Element);
}

describe('the login', () => {
  setPrefs({ language: 'en' });
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });

  it('sends name and password', async () => {
    const fetch = answer(204);
    vi.stubGlobal('fetch', fetch);
    show();
    await waitFor(() => expect(fetch).toHaveBeenCalled());
    const [path, request] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(path).toBe('/api/login');
    expect(JSON.parse(String(request.body))).toEqual({ name: 'admin', password: 'secret' });
  });

  it('says in words why it was refused', async () => {
    vi.stubGlobal('fetch', answer(401, { code: 'login.failed', params: {} }));
    show();
    expect((await screen.findByRole('alert')).textContent).toBe('Name or password is wrong.');
  });

  it('shows the code of a refusal it has no words for', async () => {
    vi.stubGlobal('fetch', answer(418, { code: 'tea.pot', params: {} }));
    show();
    expect((await screen.findByRole('alert')).textContent).toContain('tea.pot');
  });

  it('says when the hub does not answer', async () => {
    vi.stubGlobal(
      'fetch',
      vi.fn(() => Promise.reject(new TypeError('failed'))),
    );
    show();
    expect((await screen.findByRole('alert')).textContent).toContain('hub does not answer');
  });
});
