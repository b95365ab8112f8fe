// Runs specs against a server of their own: node tests/e2e/run.mjs console.e2e.mjs ...
// With --pictures FOLDER it takes the pictures of the documentation instead; with --measure it measures the console on a whole
// city (measure.mjs says what, and with which options).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { measure } from './measure.mjs';
import { Server } from './server.mjs';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const server = wanted[0] === '--measure' ? new Server('') : new Server();
let failed = true;

function child(command, args) {
  return new Promise((done) => {
    const started = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...server.environment() } });
    started.on('exit', (code) => done(code === 0));
  });
}

async function inCity(scale) {
  await server.start();
  await server.populate(scale);
  await server.people();
}

async function pictures(...where) {
  await inCity(0.3);
  await server.simulate();
  return child(process.execPath, [join(here, '../../scripts/pictures'), ...where]);
}

async function specs() {
  await inCity(0.05);
  let passed = true;
  for (const spec of wanted) {
    const args = ['--test', '--test-reporter=spec', '--test-timeout=240000', resolve(here, spec)];
    if (!(await child(process.execPath, args))) passed = false;
  }
  return passed;
}

const modes = { '--pictures': pictures, '--measure': (...options) => measure(server, options) };

try {
  const [mode, ...rest] = wanted;
  failed = !(await (modes[mode] ?? specs)(...rest));
} catch (error) {
  console.error(error);
} finally {
  await server.stop();
  if (failed) console.error(readFileSync(server.log, 'utf8').split('\n').slice(-60).join('\n'));
  if (!process.env.VIGIE_KEEP) server.remove();
}
process.exitCode = failed ? 1 : 0;
