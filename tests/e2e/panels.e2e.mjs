// The panels of the console, filled, before axe: dark and light, French and English: node tests/e2e/run.mjs panels.e2e.mjs
//
// The variables of console.e2e.mjs, and what run.mjs says of the city's devices: they are spoken for here.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fromEnvironment, launch, openPage, person, signIn, until, violations } from './browser.mjs';
import { minutesAgo, publish, say } from './devices.mjs';

const env = process.env;
const who = fromEnvironment();
const cabinet = 'ARM-0001';
const unheard = {
  French: /aucune mesure : (équipement muet|passerelle muette)/,
  English: /no observation: (device silent|gateway silent)/,
};

describe('the panels', () => {
  let browser;
  let operator;
  let junction;
  let silent;
  let cause;
  let alarm;
  let incident;

  before(async () => {
    browser = await launch();
    operator = await person(who);
    const crew = await person({ url: who.url, login: env.VIGIE_CREW_LOGIN, password: env.VIGIE_CREW_PASSWORD });
    await sayADay();
    await tripTheCabinet();
    alarm = await alarmOf(junction.code);
    cause = await alarmOf(cabinet);
    await operator.must('POST', `/api/v1/alarms/${alarm}/acknowledge`, {});
    const made = await operator.must('POST', '/api/v1/incidents', { alarm, claim: true });
    incident = made.number;
    const path = `/api/v1/incidents/${incident}`;
    await operator.must('POST', `${path}/notes`, { text: 'La police municipale est prévenue.' });
    const call = { channel: 'phone', summary: 'Le feu clignote', caller_name: 'Mme Roy', callback_number: '03 80 00 00 00' };
    await operator.must('POST', '/api/v1/contacts', { ...call, desk: 'traffic', incident });
    await crew.must('PUT', '/api/v1/crews/EQ1/position', { at: new Date().toISOString(), position: junction.position });
    // One that the crew calls restored, and one that nobody answered.
    const sent = await operator.must('POST', `${path}/interventions`, { crew: 'EQ1', description: 'Remettre le plan' });
    for (const to of ['accepted', 'en_route', 'on_site', 'restored']) {
      await crew.must('POST', `/api/v1/interventions/${sent.id}/transitions`, { to, at: new Date().toISOString() });
    }
    await operator.must('POST', `${path}/interventions`, { crew: 'EQ2', description: 'Baliser' });
  });
  after(() => browser?.close());

  /** Numbers and codes over some hours with a hole between, and an alarm at the end: lines, ribbons, hatching. */
  async function sayADay() {
    const { rows } = await operator.must('GET', '/api/v1/assets?kind=signal_junction&limit=1');
    [junction] = rows;
    silent = (await operator.must('GET', '/api/v1/assets?kind=light_point&limit=1000')).rows.at(-1);
    const at = (minutes, plan, mode = 'plan') => ({ t: minutesAgo(minutes), values: { mode, plan, lamp_faults: plan % 2 } });
    await say(junction.code, [at(400, 3), at(399, 4), at(398, 5, 'manual'), at(90, 1), at(89, 2), at(1, 3)]);
    await publish(junction.code, { mode: 'flashing_amber' });
  }

  async function tripTheCabinet() {
    const { rows } = await operator.must('GET', `/api/v1/assets/${cabinet}/children?graph=power&limit=1000`);
    const lamps = rows.filter((one) => one.kind === 'light_point').slice(0, 3);
    await publish(cabinet, { feeder_on: true, breaker_tripped: false });
    for (const lamp of lamps) await publish(lamp.code, { lamp_on: true, power_w: 40, fault: 'none' });
    await publish(cabinet, { feeder_on: false, breaker_tripped: true });
    for (const lamp of lamps) await publish(lamp.code, { lamp_on: false, power_w: 0, fault: 'supply_loss' });
  }

  const alarmOf = async (asset) =>
    (await until('its alarm', async () => (await operator.must('GET', `/api/v1/alarms?asset=${asset}&raises=alarm`)).rows[0])).id;

  for (const theme of ['dark', 'light']) {
    for (const [language, locale] of [['French', 'fr-FR'], ['English', 'en-GB']]) {
      it(`have no accessibility violation, filled as in an hour of work (${theme}, ${language})`, async () => {
        const { context, page, errors } = await openPage(browser, { colorScheme: theme, locale });
        const clean = async (what) => assert.deepEqual(await violations(page), [], what);
        const select = async (what, panel) => {
          await page.goto(new URL(`/?coarse&view=list&select=${what}`, who.url).href);
          await page.waitForSelector(`[data-testid=${panel}]`);
          await page.waitForSelector('[data-testid=link][data-link=open]');
        };
        await page.goto(who.url);
        await page.waitForSelector('[data-testid=sign-in]');
        await clean('sign-in');
        await signIn(page, who, '/?coarse&view=list');
        await until('the queue', async () => (await page.locator('[data-testid=queue-row]').count()) >= 2);
        assert.equal(await page.getAttribute('html', 'data-theme'), theme);
        assert.equal(await page.getAttribute('html', 'lang'), locale.slice(0, 2));
        await clean('queue and logbook');

        await select(`alarm:${cause}`, 'alarm-panel');
        await page.click('[data-testid=suppressed]');
        await page.waitForSelector('[data-testid=suppressed-list] li');
        await page.waitForSelector('[data-testid=history][data-ready=true] .ribbon');
        await clean('an alarm and what it hides');

        await select(`alarm:${alarm}`, 'alarm-panel');
        await page.waitForSelector('[data-testid=to-incident]');
        await clean('an alarm in an incident');

        await select(`asset:${junction.code}`, 'asset-panel');
        await page.waitForSelector('[data-testid=history][data-ready=true] .uplot canvas');
        await page.waitForSelector('[data-testid=history] .ribbon');
        await clean('an asset and its charts of 24 hours');
        await page.click('[data-testid=history] .part-head > .button');
        await page.waitForSelector('[data-testid=history] table');
        await clean('the same as a table');

        await select(`asset:${silent.code}`, 'asset-panel');
        await page.waitForSelector('[data-testid=history][data-ready=true]');
        const charts = page.locator('[data-testid=history] .chart');
        assert.equal(await charts.count(), 6, 'all that a light point may say');
        for (const chart of await charts.all()) {
          assert.equal(await chart.locator('.ribbon rect[fill="url(#hole)"]').count(), 1);
          assert.match(await chart.locator('figcaption').innerText(), unheard[language]);
        }
        await clean('an asset that was silent all day');

        await select(`incident:${incident}`, 'incident-panel');
        for (const state of ['restored', 'assigned']) await page.waitForSelector(`[data-testid=interventions] [data-state=${state}]`);
        await page.click('[data-testid=dispatch-open]');
        await page.waitForSelector('[data-testid=proposals] li, [data-testid=other-crew]');
        await page.waitForSelector('[data-testid=contacts] li');
        await clean('an incident, its call and its interventions');
        for (const [button, dialog] of [['change', 'change'], ['close-incident', 'close'], ['add-contact', 'contact'], ['move-cancelled', 'move']]) {
          await page.locator(`[data-testid=${button}]`).first().click();
          await page.waitForSelector(`[data-testid=${dialog}-dialog]`);
          await clean(dialog);
          await page.keyboard.press('Escape');
          await page.waitForSelector(`[data-testid=${dialog}-dialog]`, { state: 'detached' });
        }
        await page.click('[data-testid=tab-interventions]');
        await until('both', async () => (await page.locator('[data-testid=queue-row]').count()) === 2);
        await clean('interventions');
        assert.deepEqual(errors, []);
        await context.close();
      });
    }
  }
});
