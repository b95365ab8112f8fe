import type { Plugin } from 'vite';

/** What the pages need and nothing more. No inline script or style, no other host. */
export const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');

/** Writes the policy beside the pages: the control door sends it as it is. */
export function securityPolicy(): Plugin {
  return {
    name: 'vigie-security-policy',
    apply: 'build',
    generateBundle() {
      this.emitFile({
        type: 'asset',
        fileName: 'csp.json',
        source: `${JSON.stringify({ 'Content-Security-Policy': policy }, null, 2)}\n`,
      });
    },
  };
}
