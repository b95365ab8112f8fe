// A server of its own for the tests: the real programs, a small generated city, people and crews; all in a folder under
// the system's temporary one, on free ports.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { person, until } from './browser.mjs';

const run = promisify(execFile);
const top = resolve(import.meta.dirname, '../..');
const bin = resolve(process.env.VIGIE_BIN ?? join(top, 'build/release/bin'));

const kinds = [
  'lighting_cabinet', 'lighting_circuit', 'light_point', 'signal_junction', 'traffic_detector', 'camera', 'air_station',
  'weather_station', 'car_park', 'vehicle',
];

/** One request to the admin door's unix socket. */
function ask(socketPath, method, path, { body, file, type = 'application/json' } = {}) {
  return new Promise((done, failed) => {
    const headers = { Host: 'vigie' };
    if (body !== undefined) Object.assign(headers, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    if (file) Object.assign(headers, { 'Content-Type': type, 'Content-Length': statSync(file).size });
    const call = request({ socketPath, method, path, headers }, (answer) => {
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        if (answer.statusCode >= 300) failed(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
        else done(text ? JSON.parse(text) : null);
      });
    });
    call.on('error', failed);
    if (file) createReadStream(file).pipe(call);
    else call.end(body);
  });
}

export class Server {
  /** `settings`: what the configuration says beside folders and ports. */
  constructor(settings = '[database]\nshared_buffers_mb = 64') {
    this.folder = mkdtempSync(join(tmpdir(), 'vigie-e2e-'));
    chmodSync(this.folder, 0o755);
    this.socket = join(this.folder, 'data/admin.sock');
    this.config = join(this.folder, 'vigie.toml');
    this.log = join(this.folder, 'vigied.log');
    const doors = ['device', 'control', 'public'];
    const ports = { device: 'mqtt_port = 0\nhttp_port = 0', control: 'port = 0', public: 'port = 0' };
    writeFileSync(
      this.config,
      [
        `[paths]\nfolder = "${this.folder}/data"`,
        `kinds_folder = "${top}/config/kinds"\nconsole_folder = "${top}/build/console"`,
        settings,
        ...doors.map((door) => `[${door}]\n${ports[door]}`),
        '[admin]\nmetrics_port = 0',
      ].join('\n'),
    );
  }

  admin(method, path, options) {
    return ask(this.socket, method, path, options);
  }

  async start() {
    const log = openSync(this.log, 'a');
    this.process = spawn(join(bin, 'vigied'), ['--config', this.config], { stdio: ['ignore', log, log] });
    let ended = null;
    this.exited = new Promise((done) => this.process.on('exit', (code, signal) => done((ended = signal ?? code))));
    this.status = await until(
      'the server to be ready',
      async () => {
        if (ended !== null) throw new Error(`vigied ended (${ended}):\n${readFileSync(this.log, 'utf8')}`);
        const status = await this.admin('GET', '/admin/v1/status').catch(() => null);
        return status?.ready ? status : null;
      },
      120_000,
    );
    this.url = `http://127.0.0.1:${this.status.doors.control.port}`;
    this.openUrl = `http://127.0.0.1:${this.status.doors.public.port}`;
    this.mqttPort = this.status.doors.device_mqtt.port;
    this.deviceUrl = `http://127.0.0.1:${this.status.doors.device_http.port}`;
  }

  async populate(scale = 0.05) {
    const city = join(this.folder, 'city');
    await run(join(bin, 'vigie-sim'), ['generate', '--seed', '1', '--scale', String(scale), '--out', city]);
    const load = (path, file) => this.admin('POST', path, { file, type: 'application/geo+json' });
    await load('/admin/v1/zones/import?type=commune', join(city, 'communes.geojson'));
    await load('/admin/v1/streets/import', join(city, 'streets.geojson'));
    for (const kind of kinds) await load(`/admin/v1/assets/import?kind=${kind}`, join(city, `assets/${kind}.geojson`));
    const credentials = JSON.parse(readFileSync(join(city, 'credentials.json'), 'utf8'));
    const made = await this.admin('POST', '/admin/v1/credentials', { body: JSON.stringify({ credentials }) });
    this.secrets = made.rows;
    writeFileSync(join(city, 'secrets.json'), JSON.stringify(made.rows), { mode: 0o600 });
    this.city = city;
  }

  async people() {
    const add = async (login, name, role, crew) => {
      const password = randomBytes(12).toString('hex');
      const body = JSON.stringify({ login, name, role, employer: 'Métropole', password, ...(crew ? { crew } : {}) });
      await this.admin('POST', '/admin/v1/people', { body });
      return { url: this.url, login, password };
    };
    this.supervisor = await add('camille', 'Camille Martin', 'supervisor');
    this.operator = await add('dominique', 'Dominique Petit', 'operator');
    this.director = await add('helene', 'Hélène Roux', 'director');
    const chief = await person(this.supervisor);
    for (const code of ['EQ1', 'EQ2']) await chief.must('POST', '/api/v1/crews', { code, name: `Équipe ${code.at(-1)}` });
    this.crewMember = await add('equipe1', 'Équipe 1', 'crew_member', 'EQ1');
    this.otherCrewMember = await add('equipe2', 'Équipe 2', 'crew_member', 'EQ2');
  }

  /** The city's devices, in the evening. */
  play(...more) {
    const city = this.city;
    const args = ['run', '--city', city, '--secrets', join(city, 'secrets.json'), '--port', String(this.mqttPort)];
    const log = openSync(join(this.folder, 'vigie-sim.log'), 'a');
    const evening = ['--from', '2026-11-23T18:00:00Z'];
    this.simulator = spawn(join(bin, 'vigie-sim'), [...args, ...evening, ...more], { stdio: ['ignore', log, log] });
  }

  async stopPlaying() {
    const { simulator } = this;
    if (!simulator || simulator.exitCode !== null || simulator.signalCode !== null) return;
    const ended = new Promise((done) => simulator.on('exit', done));
    simulator.kill('SIGTERM');
    await ended;
  }

  /** As many messages as there are assets came: most of them said something. */
  async spoken() {
    const { assets } = await this.admin('GET', '/admin/v1/status');
    await until(
      'the devices to have spoken',
      async () => (await this.admin('GET', '/admin/v1/status')).ingestion.observations > assets,
      180_000,
    );
  }

  /** The city's devices until most have spoken; then two things break. */
  async simulate() {
    const city = this.city;
    this.play();
    await this.spoken();
    const fail = (...what) => run(join(bin, 'vigie-sim'), ['fail', '--control', join(city, 'sim.sock'), ...what]);
    await fail('cabinet', 'ARM-0001');
    const junctions = JSON.parse(readFileSync(join(city, 'assets/signal_junction.geojson'), 'utf8')).features;
    await fail('flashing-amber', junctions[0].properties.code);
    await fail('flashing-amber', junctions[3].properties.code);
    const lamps = JSON.parse(readFileSync(join(city, 'assets/light_point.geojson'), 'utf8')).features;
    for (const lamp of lamps.slice(400, 2000).filter((_, index) => index % 160 === 0)) await fail('lamp', lamp.properties.code);
    await until('the alarms', async () => (await (await person(this.supervisor)).must('GET', '/api/v1/alarms?raises=alarm')).rows.length >= 3);
  }

  /** What the specs read. */
  environment() {
    return {
      VIGIE_URL: this.url,
      VIGIE_OPEN_URL: this.openUrl,
      VIGIE_LOGIN: this.supervisor.login,
      VIGIE_PASSWORD: this.supervisor.password,
      VIGIE_OPERATOR_LOGIN: this.operator.login,
      VIGIE_OPERATOR_PASSWORD: this.operator.password,
      VIGIE_DIRECTOR_LOGIN: this.director.login,
      VIGIE_DIRECTOR_PASSWORD: this.director.password,
      VIGIE_CREW_LOGIN: this.crewMember.login,
      VIGIE_CREW_PASSWORD: this.crewMember.password,
      VIGIE_OTHER_CREW_LOGIN: this.otherCrewMember.login,
      VIGIE_OTHER_CREW_PASSWORD: this.otherCrewMember.password,
      VIGIE_CITY: this.city,
      VIGIE_SECRETS: join(this.city, 'secrets.json'),
      VIGIE_MQTT_PORT: String(this.mqttPort),
      VIGIE_ADMIN_SOCKET: this.socket,
      VIGIE_PG: `host=${this.folder}/data/run user=vigie_app dbname=vigie`,
      VIGIE_BIN: bin,
    };
  }

  async stop() {
    await this.stopPlaying();
    if (this.process && this.process.exitCode === null) {
      this.process.kill('SIGTERM');
      await this.exited;
    }
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
