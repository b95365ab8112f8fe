// Speaks as the devices of the generated city do: by Mosquitto's client, with the credential that stands for the asset.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const env = process.env;

function secretOf(asset) {
  const credentials = JSON.parse(readFileSync(`${env.VIGIE_CITY}/credentials.json`, 'utf8'));
  const { name } = credentials.find((one) => one.assets.includes(asset));
  return JSON.parse(readFileSync(env.VIGIE_SECRETS, 'utf8')).find((one) => one.name === name);
}

/** QoS 1 by a foreign client: it returns only once PUBACK came. One observation, or several in one message. */
export async function say(asset, message) {
  const { username, password } = secretOf(asset);
  await run('mosquitto_pub', [
    '-h', '127.0.0.1', '-p', env.VIGIE_MQTT_PORT, '-u', username, '-P', password, '-V', 'mqttv5', '-q', '1',
    '-t', `vigie/v1/${asset}/observations`, '-m', JSON.stringify(message),
  ]);
}

export async function publish(asset, values, t = new Date().toISOString()) {
  await say(asset, { t, values });
  return t;
}

/** The instant so many minutes ago, as a device says it. */
export const minutesAgo = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
