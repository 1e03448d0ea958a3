import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const hub = process.env.WATCHLINE_HUB ?? 'http://127.0.0.1:8610';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // The hub's content security policy allows no data: addresses, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1300,
  },
  server: { proxy: { '/api': hub, '/basemap': hub, '/maps': hub } },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'] },
});
