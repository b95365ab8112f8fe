import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressed } from './build/compressed.ts';
import { crewWorker } from './build/crew-worker.ts';
import { securityPolicy } from './build/security-policy.ts';

// Where `npm run dev` finds the server whose control door it stands in for.
const server = process.env.VIGIE_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), crewWorker(), securityPolicy(), compressed()],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 1500,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: resolve(import.meta.dirname, 'index.html'),
        crew: resolve(import.meta.dirname, 'crew.html'),
        'crew-sw': resolve(import.meta.dirname, 'crew/worker.ts'),
      },
      output: {
        // A service worker is found again by its name: it is the one script without a hash.
        entryFileNames: (chunk) => (chunk.name === 'crew-sw' ? 'crew-sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy: { '/api': { target: server, ws: true } } },
  test: { include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'] },
} as Parameters<typeof defineConfig>[0]);
