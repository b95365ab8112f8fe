// Runs specs against a server of their own: node tests/e2e/run.mjs console.e2e.mjs ...
// With --pictures FOLDER it takes the pictures of the documentation instead.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Server } from './server.mjs';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const server = new Server();
let failed = true;

function child(command, args) {
  return new Promise((done) => {
    const started = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...server.environment() } });
    started.on('exit', (code) => done(code === 0));
  });
}

try {
  await server.start();
  await server.populate(wanted[0] === '--pictures' ? 0.3 : 0.05);
  await server.people();
  if (wanted[0] === '--pictures') {
    await server.simulate();
    failed = !(await child(process.execPath, [join(here, '../../scripts/pictures'), ...wanted.slice(1)]));
  } else {
    failed = false;
    for (const spec of wanted) {
      const args = ['--test', '--test-reporter=spec', '--test-timeout=240000', resolve(here, spec)];
      if (!(await child(process.execPath, args))) failed = true;
    }
  }
} catch (error) {
  console.error(error);
} finally {
  await server.stop();
  if (failed) console.error(readFileSync(server.log, 'utf8').split('\n').slice(-60).join('\n'));
  if (!process.env.VIGIE_KEEP) server.remove();
}
process.exitCode = failed ? 1 : 0;
