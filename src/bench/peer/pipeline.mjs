// MQTT to PostgreSQL as one would write it with these libraries' own documentation: subscribe at QoS 1, copy what came
// while the last batch was being stored. One connection, COPY in text, a wide table with an index by device and time
// (Timescale's tutorials begin with such a table). mqtt.js acknowledges a message before the next is read, so a batch
// cannot be acknowledged after its commit: what is in memory when this ends was promised and is lost.
//
// node pipeline.mjs BROKER_PORT TOPIC DATABASE LOG; after each commit it prints how many messages are stored.
import { appendFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import mqtt from 'mqtt';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

const [port, topic, database, log] = process.argv.slice(2);
const setting = (name) => new RegExp(`${name}=(\\S+)`).exec(database)[1];
const fail = (error) => {
  appendFileSync(log, `${error.stack ?? error}\n`);
  process.exit(1);
};

const db = new pg.Client({ host: setting('host'), user: setting('user'), database: setting('dbname') });
db.on('error', fail);
await db.connect().catch(fail);
await db.query(`create table if not exists peer_observation (
  time timestamptz not null, device text not null,
  power_w float8, level_pct float8, voltage_v float8, current_a float8)`);
await db.query('create index if not exists peer_observation_device on peer_observation (device, time desc)');
const copy = 'copy peer_observation (time, device, power_w, level_pct, voltage_v, current_a) from stdin';

const batchMax = 5000; // beyond, a larger COPY is hardly cheaper a row
const pending = [];
let stored = Number((await db.query('select count(*) as n from peer_observation')).rows[0].n);
const before = stored;
let storing = false;

async function store() {
  storing = true;
  while (pending.length > 0) {
    const batch = pending.splice(0, batchMax);
    await pipeline(Readable.from([batch.join('')]), db.query(copyFrom(copy)));
    stored += batch.length;
    process.stdout.write(`${stored - before}\n`);
  }
  storing = false;
}

const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: 'bench-pipeline' });
client.on('error', fail);
client.on('message', (name, payload) => {
  const { t, values } = JSON.parse(payload);
  const device = name.split('/')[2];
  pending.push(`${t}\t${device}\t${values.power_w}\t${values.level_pct}\t${values.voltage_v}\t${values.current_a}\n`);
  if (!storing) store().catch(fail);
});
client.on('connect', () =>
  client.subscribe(topic, { qos: 1 }, (error) => (error ? fail(error) : process.stdout.write('0\n'))),
);
process.on('SIGTERM', () => process.exit(0));
