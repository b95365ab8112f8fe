// What "from the start to a living map" and "a map that stays usable" mean in figures, on the machine it runs on:
//
//   node tests/e2e/run.mjs --measure [--scale 1] [--rate 1000] [--changes 1000] [--seconds 25]
//
// Starts the release server, imports a generated city and lets every device speak; starts the server anew on that; then signs in
// with Chromium and watches, drags and clicks, by evening as it is, and while vigie-sim publishes `rate` messages a second
// and cabinets are switched so that `changes` points of the map change their state each second. Tells it in words, and as
// JSON in the last line. Nothing else should run meanwhile. It fails when the latest values of all light points take too long.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { person, until } from './browser.mjs';
import { MeasuredPage } from './measured_page.mjs';
import { memory, processor_s } from './processes.mjs';

const evening_messages_per_s = 56; // what the generated city says by night at scale 1 (docs/simulator.md)
const tick_ms = 250;
/** What the latest values of a whole city's light points must stay under, and how many those are. */
const latest_ms_max = 300;
const light_points_at_1 = 34_000;

async function seconds(act) {
  const began = performance.now();
  await act();
  return Math.round((performance.now() - began) / 10) / 100;
}

function told(report) {
  const words = (name, values) => `${name}: ${Object.entries(values).map(([key, value]) => `${key} ${value}`).join(', ')}`;
  return Object.entries(report).map(([name, value]) => (typeof value === 'object' ? words(name, value) : `${name}: ${value}`)).join('\n');
}

/** Switches cabinets off and on, by HTTP and each with its own credential: what they feed changes its state on the map. */
class Switching {
  constructor(server, changes) {
    const list = (name) => JSON.parse(readFileSync(join(server.city, name), 'utf8'));
    const owners = new Map(list('credentials.json').flatMap(({ name, assets }) => assets.map((asset) => [asset, name])));
    const secrets = new Map(server.secrets.map((one) => [one.name, `${one.username}:${one.password}`]));
    this.url = new URL('/ingest/v1/observations', server.deviceUrl);
    const count = (kind) => list(`assets/${kind}.geojson`).features.length;
    this.cabinets = list('assets/lighting_cabinet.geojson').features.map(({ properties: { code } }) => ({
      code,
      on: true,
      authorization: `Basic ${Buffer.from(secrets.get(owners.get(code))).toString('base64')}`,
    }));
    const fed = (count('light_point') + count('lighting_circuit')) / this.cabinets.length;
    this.each_tick = ((changes / fed) * tick_ms) / 1000;
    this.refused = 0;
  }

  start() {
    let next = 0;
    let owed = 0;
    this.timer = setInterval(() => {
      for (owed += this.each_tick; owed >= 1; owed -= 1) void this.toggle(this.cabinets[next++ % this.cabinets.length]);
    }, tick_ms);
  }

  async toggle(cabinet) {
    cabinet.on = !cabinet.on;
    const body = JSON.stringify([{ asset: cabinet.code, t: new Date().toISOString(), values: { feeder_on: cabinet.on } }]);
    const headers = { authorization: cabinet.authorization, 'content-type': 'application/json' };
    const answer = await fetch(this.url, { method: 'POST', headers, body }).catch(() => null);
    if (!answer?.ok) this.refused += 1;
  }

  stop() {
    clearInterval(this.timer);
  }
}

/** The latest values of all light points, asked nine times: the median. */
async function latestOfAll(api) {
  const took = [];
  let points = 0;
  for (let i = 0; i < 9; i++) {
    const began = performance.now();
    points = (await api.must('GET', '/api/v1/live?kind=light_point')).rows.length;
    took.push(performance.now() - began);
  }
  return { points, ms: Math.round(took.sort((a, b) => a - b)[4] * 10) / 10 };
}

/** What a city demands and did not get, in words. A larger one has its own demands; a smaller one has no excuse. */
function unkept({ points, ms }, scale) {
  const words = [];
  if (scale === 1 && points < light_points_at_1) words.push(`${points} light points are not ${light_points_at_1}`);
  if (scale <= 1 && ms >= latest_ms_max) words.push(`the latest of ${points} light points took ${ms} ms, not under ${latest_ms_max}`);
  return words;
}

/** The server with a whole city that has spoken, started on it: how long each took. */
async function living(server, scale) {
  const report = {};
  report.first_start_s = await seconds(() => server.start());
  report.import_s = await seconds(() => server.populate(scale));
  server.play();
  await server.spoken();
  await server.stopPlaying();
  await server.stop();
  report.ready_s = await seconds(() => server.start());
  await server.people();
  return report;
}

export async function measure(server, options) {
  const text = (otherwise) => ({ type: 'string', default: String(otherwise) });
  const { values } = parseArgs({ args: options, options: { scale: text(1), rate: text(1000), changes: text(1000), seconds: text(25) } });
  const [scale, rate, changes, length] = ['scale', 'rate', 'changes', 'seconds'].map((name) => Number(values[name]));
  const report = { asked: { scale, rate, changes }, machine: { processors: cpus().length, model: cpus()[0].model } };
  console.log(told(report));
  const note = (name, value) => {
    report[name] = value;
    console.log(told({ [name]: value }));
  };
  note('start', await living(server, scale));
  const held = () => memory(server.process.pid, server.folder);
  note('memory when ready', held());

  server.play();
  const page = await MeasuredPage.open(server.supervisor);
  try {
    const api = await person(server.supervisor);
    const points = await api.must('GET', '/api/v1/map/points');
    const junctions = points.codes.filter((code) => code.startsWith('CAR-')).slice(0, 12);
    const counted = async () => ({
      messages_per_s: (await server.admin('GET', '/admin/v1/status')).ingestion.observations,
      server_processors: processor_s(server.process.pid),
    });
    note('console', { assets: points.codes.length, map_s: Math.round(page.map_s * 100) / 100, renderer: await page.renderer() });
    const latest = await latestOfAll(api);
    note('latest of all light points, median of 9', latest);
    report.unkept = unkept(latest, scale);
    note('by evening, watching', await page.phase(() => page.watch(length), counted));
    note('by evening, dragging', await page.phase(() => page.drag(length), counted));

    await server.stopPlaying();
    server.play('--rate-multiplier', String(rate / (evening_messages_per_s * scale)));
    const switching = new Switching(server, changes);
    switching.start();
    let before = (await counted()).messages_per_s;
    await until('the load', async () => {
      await page.watch(1);
      const now = (await counted()).messages_per_s;
      const came = now - before;
      before = now;
      return came > 0.8 * rate;
    }, 120_000);
    note('under load, watching', await page.phase(() => page.watch(length), counted));
    note('under load, dragging', await page.phase(() => page.drag(length), counted));
    note('under load, click to values', await page.clicks(junctions, points));
    note('memory under load', held());
    await page.close();
    const second = await MeasuredPage.open(server.supervisor);
    note('under load, signing in', { map_s: Math.round(second.map_s * 100) / 100 });
    await second.close();
    switching.stop();
    note('troubles', { refused: switching.refused, errors_in_the_browser: page.errors.length });
  } finally {
    await page.close();
  }
  for (const words of report.unkept) console.error(words);
  console.log(JSON.stringify(report));
  return report.unkept.length === 0;
}
