import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

const list = '__CREW_FILES__';
const stamp = '__CREW_VERSION__';

/** Tells the crew page's service worker which files make up that page, and gives each build its own cache. */
export function crewWorker(): Plugin {
  return {
    name: 'vigie-crew-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle['crew-sw.js'];
        const page = Object.values(bundle).find((one) => one.type === 'chunk' && one.name === 'crew');
        if (worker?.type !== 'chunk' || page?.type !== 'chunk') throw new Error('the crew page was not built');
        const names = new Set<string>();
        const add = (name: string) => {
          const one = bundle[name];
          if (names.has(name) || !one) return;
          names.add(name);
          if (one.type !== 'chunk') return;
          for (const next of [...one.imports, ...one.dynamicImports]) add(next);
          const meta = one.viteMetadata;
          for (const next of [...(meta?.importedCss ?? []), ...(meta?.importedAssets ?? [])]) add(next);
        };
        add(page.fileName);
        // Fonts: only the faces of French and English are worth keeping on a phone.
        for (const name of Object.keys(bundle)) if (/inter-latin-wght-normal.*\.woff2$/.test(name)) names.add(name);
        const paths = ['/crew.html', '/mark.svg', ...[...names].sort().map((name) => `/${name}`)];
        const version = createHash('sha256').update(paths.join('\n')).digest('hex').slice(0, 12);
        worker.code = worker.code.replace(`"${list}"`, JSON.stringify(paths)).replace(stamp, version);
        if (worker.code.includes(list)) {
          worker.code = worker.code.replace(new RegExp(`[\`'"]${list}[\`'"]`), JSON.stringify(paths));
        }
        if (worker.code.includes(list) || worker.code.includes(stamp)) throw new Error('the list was not put in');
      },
    },
  };
}
