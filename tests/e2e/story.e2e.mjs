// The main job, end to end: a junction at flashing amber, a tripped cabinet; from mosquitto_pub to the proved repair.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { fromEnvironment, launch, openPage, person, signIn, until } from './browser.mjs';
import { publish } from './devices.mjs';

const run = promisify(execFile);
const env = process.env;
const room = fromEnvironment();

async function sql(query) {
  const { stdout } = await run('psql', [env.VIGIE_PG, '-AtX', '-c', query]);
  return stdout.trim();
}

/** The page itself notes when the row is there: how busy the test is meanwhile costs nothing. */
async function watchQueue(page, asset) {
  await page.evaluate((code) => {
    window.queueSeenAt = new Promise((done) => {
      const observer = new MutationObserver(() => {
        const rows = [...document.querySelectorAll('[data-testid=queue-row]')];
        if (!rows.some((row) => row.textContent.includes(code))) return;
        observer.disconnect();
        done(Date.now());
      });
      observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    });
  }, asset);
}

/** What the logbook says of an asset, newest first. */
async function entriesOf(operator, asset) {
  const { rows } = await operator.must('GET', '/api/v1/logbook?limit=1000');
  return rows.filter((entry) => entry.text.en.includes(asset));
}

function verifyLogbook() {
  return new Promise((done, failed) => {
    const call = request({ socketPath: env.VIGIE_ADMIN_SOCKET, path: '/admin/v1/logbook/verify' }, (answer) => {
      let text = '';
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => done(JSON.parse(text)));
    });
    call.on('error', failed);
    call.end();
  });
}

describe('the main job', () => {
  let browser;
  let operator;
  let crew;
  before(async () => {
    browser = await launch();
    operator = await person(room);
    crew = await person({ url: room.url, login: env.VIGIE_CREW_LOGIN, password: env.VIGIE_CREW_PASSWORD });
  });
  after(() => browser?.close());

  /** From the alarm's panel: an incident that nobody has taken up, and its number. */
  async function openIncident(page) {
    await page.click('[data-testid=open-incident]');
    await page.uncheck('[data-testid=new-incident-dialog] [name=claim]');
    await page.click('[data-testid=new-incident-submit]');
    await page.waitForSelector('[data-testid=incident-panel]');
    return Number(await page.getAttribute('[data-testid=incident-panel]', 'data-number'));
  }

  async function claim(page, me) {
    await page.click('[data-testid=claim]');
    await page.waitForSelector(`[data-testid=owner]:has-text("${me.name}")`);
  }

  const intervention = (page, state) => page.waitForSelector(`[data-testid=interventions] li[data-state=${state}]`);
  const said = async (page) => (await page.textContent('[data-testid=interventions] li')).replaceAll(/\s+/g, ' ');

  /** Sends the nearest crew, which stands where the asset is; answers the intervention's id. */
  async function dispatch(page, what) {
    const nearest = page.locator('[data-testid=proposals] li').first();
    await nearest.locator('[data-testid=dispatch-EQ1]').waitFor();
    assert.match(await nearest.locator('.number').textContent(), /^[0-4]?0 m/, 'the crew that stands there, with its distance');
    await page.fill('[data-testid=dispatch-description]', what);
    await page.click('[data-testid=dispatch-EQ1]');
    return (await intervention(page, 'assigned')).getAttribute('data-id');
  }

  /** The crew answers by REST up to restored; the operator sees each answer, and that it is the crew's word only. */
  async function repair(page, id) {
    for (const to of ['accepted', 'en_route', 'on_site', 'made_safe', 'restored']) {
      await crew.must('POST', `/api/v1/interventions/${id}/transitions`, { to, at: new Date().toISOString() });
      await intervention(page, to);
    }
    assert.equal((await operator.must('GET', `/api/v1/interventions/${id}`)).state, 'restored', 'not proved yet');
    assert.match(await said(page), /rétabli .*Sur parole de l’équipe/, 'and the screen says whose word it is');
    assert.doesNotMatch(await said(page), /vérifié/);
  }

  /** The devices have spoken: proved, on the screen as in the record. */
  async function proved(page, id) {
    await intervention(page, 'verified');
    assert.match(await said(page), /vérifié .*Vérifié par/);
    assert.match((await operator.must('GET', `/api/v1/interventions/${id}`)).verified_by, /telemetry/);
  }

  async function closeBoth(page) {
    await page.click('[data-testid=move-closed]');
    await page.click('[data-testid=move-submit]');
    await intervention(page, 'closed');
    await page.click('[data-testid=close-incident]');
    await page.selectOption('[data-testid=close-reason]', 'solved');
    await page.click('[data-testid=close-submit]');
    await page.waitForSelector('[data-testid=incident-panel][data-status=closed]');
  }

  /** The logbook holds every step with its author, and its chain verifies. */
  async function recorded(incident) {
    const { story } = await operator.must('GET', incident);
    const steps = story.map((entry) => `${entry.entry_type} ${entry.author}`);
    console.log(`      ${steps.join('\n      ')}`);
    for (const step of ['incident_opened', 'incident_claimed', 'dispatched', 'intervention_accepted', 'intervention_en_route',
      'intervention_on_site', 'intervention_made_safe', 'intervention_restored', 'intervention_verified', 'intervention_closed',
      'incident_closed']) {
      assert.ok(story.some((entry) => entry.entry_type === step && entry.author), `${step} in ${steps}`);
    }
    assert.match(story.find((entry) => entry.entry_type === 'intervention_verified').author, /^system:/);
    const report = await verifyLogbook();
    assert.equal(report.fault ?? null, null);
    assert.ok(report.entries >= story.length);
  }

  it('takes a junction at flashing amber from the wire to the proved repair', async () => {
    const { rows } = await operator.must('GET', '/api/v1/assets?kind=signal_junction&limit=1');
    const junction = rows[0].code;
    await publish(junction, { mode: 'plan', plan: 3, lamp_faults: 0, fault: 'none' });

    const { context, page, errors } = await openPage(browser);
    await signIn(page, room, '/?coarse');
    await page.waitForSelector('[data-testid=link][data-link=open]');

    const row = page.locator('[data-testid=queue-row]', { hasText: junction }).first();
    assert.equal(await row.count(), 0, 'nothing yet');
    // A console that is at work, not one that still draws its first map.
    await page.evaluate(() => new Promise((rested) => requestIdleCallback(rested)));
    await watchQueue(page, junction);
    const published = Date.now(); // before the program that publishes is started
    const at = await publish(junction, { mode: 'flashing_amber' });
    // 1. within a second in the queue of the open console
    const seen_ms = (await page.evaluate(() => window.queueSeenAt)) - published;
    const [alarm] = (await operator.must('GET', `/api/v1/alarms?asset=${junction}`)).rows;
    const learnt_ms = Date.parse(alarm.learnt_at) - published;
    console.log(`      in the console's queue ${seen_ms} ms after mosquitto_pub was started; the server judged it at ${learnt_ms} ms`);
    assert.ok(seen_ms < 1_000, `${seen_ms} ms`);
    // 2. acknowledged means stored
    const stored = await sql(
      `select count(*) from frame f join asset a on a.id = f.asset_id where a.code = '${junction}' and observed_at = '${at}'`,
    );
    assert.equal(stored, '1');

    // 3. the operator acknowledges, opens an incident from it, takes it and sends a crew: in the console, by clicks and keys
    const me = await operator.must('GET', '/api/v1/session');
    await row.click();
    await page.waitForSelector('[data-testid=alarm-panel]');
    assert.match(await page.textContent('[data-testid=alarm-state]'), /à acquitter/);
    await page.keyboard.press('a');
    await page.waitForSelector('[data-testid=alarm-state]:has-text("acquittée")');
    assert.equal((await operator.must('GET', `/api/v1/alarms/${alarm.id}`)).acknowledged_by, me.login);
    await crew.must('PUT', '/api/v1/crews/EQ1/position', { at: new Date().toISOString(), position: rows[0].position });
    const number = await openIncident(page);
    const incident = `/api/v1/incidents/${number}`;
    const line = page.locator(`[data-key="incident:${number}"]`);
    assert.match(await line.textContent(), /à prendre en charge/);
    assert.match(await page.textContent('[data-testid=owner]'), /personne/);
    await claim(page, me);
    assert.equal((await operator.must('GET', incident)).owner, me.login);
    await until('the line names who took it', async () => (await line.textContent()).includes(me.name));

    const id = await dispatch(page, 'Remettre le plan');
    assert.match(await said(page), /Équipe 1 .*Remettre le plan/);

    // 4. the crew answers by REST up to restored, and is refused what cannot follow
    await repair(page, id);
    const illegal = await crew.ask('POST', `/api/v1/interventions/${id}/transitions`, { to: 'en_route', at: new Date().toISOString() });
    assert.equal(illegal.status, 409);
    assert.ok(Array.isArray(illegal.body.allowed));
    assert.equal((await operator.must('GET', `/api/v1/interventions/${id}`)).state, 'restored');

    // 5. the junction reports its plan again: proved, on the screen as in the record; then the operator closes both
    await publish(junction, { mode: 'plan', plan: 3 });
    await proved(page, id);
    await closeBoth(page);
    await line.waitFor({ state: 'detached' });
    await until('nothing left over', async () => (await page.locator('[data-testid=queue-row]', { hasText: junction }).count()) === 0);

    // 6. the logbook holds every step with its author, and its chain verifies
    const entries = await entriesOf(operator, junction);
    const raised = entries.find((entry) => entry.entry_type === 'alarm_raised');
    assert.equal(raised?.author, 'system:rules');
    assert.match(raised.text.fr, /\(jaune clignotant\)/, 'in words');
    const acknowledged = entries.find((entry) => entry.entry_type === 'alarm_acknowledged');
    assert.equal(acknowledged?.author, me.login);
    assert.equal(acknowledged.author_name, me.name);
    assert.equal(entries.find((entry) => entry.entry_type === 'alarm_returned')?.author, 'system:rules');
    await recorded(incident);
    assert.deepEqual(errors, []);
    await context.close();
  });

  it('takes a tripped cabinet of 120 light points the same way: one alarm, and none left over', async () => {
    const cabinet = 'ARM-0001';
    const lamps = (await operator.must('GET', `/api/v1/assets/${cabinet}/children?graph=power&limit=1000`)).rows
      .filter((one) => one.kind === 'light_point')
      .map((one) => one.code);
    assert.equal(lamps.length, 120);
    // One connection as the gateway it is: mosquitto_pub -l sends a line a message, so each lamp has its own call.
    const all = async (values) => {
      const t = new Date().toISOString();
      for (let i = 0; i < lamps.length; i += 12) await Promise.all(lamps.slice(i, i + 12).map((lamp) => publish(lamp, values, t)));
    };
    await publish(cabinet, { feeder_on: true, breaker_tripped: false, door_open: false });
    await all({ lamp_on: true, power_w: 40, fault: 'none' });

    const { context, page, errors } = await openPage(browser);
    await signIn(page, room, '/?coarse&view=list');
    await page.waitForSelector('[data-testid=link][data-link=open]');
    // What a tab lists of what was typed; the list itself says how many, also of those beyond its frame.
    const listed = async (tab, typed) => {
      await page.click(`[data-testid=tab-${tab}]`);
      await page.fill('#queue-filter', typed);
      return Number(await page.getAttribute('#queue-list', 'data-count'));
    };
    assert.equal(await listed('queue', cabinet), 0, 'nothing yet');

    await publish(cabinet, { feeder_on: false, breaker_tripped: true });
    await all({ lamp_on: false, power_w: 0, fault: 'supply_loss' });

    const cause = await until('the cabinet’s alarm', async () => {
      const { rows } = await operator.must('GET', `/api/v1/alarms?asset=${cabinet}&raises=alarm`);
      return rows.find((row) => row.state === 'unacknowledged');
    });
    const hidden = await until(
      '120 suppressed',
      async () => {
        const { rows } = await operator.must('GET', `/api/v1/alarms?suppressed_by=${cause.id}&limit=1000`);
        return rows.length >= 120 ? rows : null;
      },
      60_000,
    );
    assert.equal(new Set(hidden.map((row) => row.asset)).size, 120);
    assert.ok(hidden.every((row) => row.state === 'suppressed' && row.suppressed_by === cause.id));
    for (const row of hidden.slice(0, 3)) {
      const { transitions } = await operator.must('GET', `/api/v1/alarms/${row.id}`);
      const step = transitions.find((one) => one.to === 'suppressed');
      assert.equal(step?.cause, cause.id, 'its record names what explains it');
    }
    const told = await entriesOf(operator, cabinet);
    assert.ok(told.some((entry) => entry.entry_type === 'alarm_raised' && entry.author === 'system:rules'));
    const ofLamps = (await operator.must('GET', '/api/v1/logbook?limit=1000')).rows
      .filter((entry) => entry.entry_type === 'alarm_raised' && lamps.some((lamp) => entry.text.en.includes(lamp)));
    assert.deepEqual(ofLamps, [], 'the logbook tells of the cause only');
    const shown = (await operator.must('GET', '/api/v1/alarms?limit=1000')).rows
      .filter((row) => row.state !== 'suppressed' && (row.asset === cabinet || lamps.includes(row.asset)));
    assert.deepEqual(shown.map((row) => row.asset), [cabinet], 'one line for the operator');

    // The same on the screen: one line, which says how many it hides and shows them when asked.
    await until('a line in the queue', async () => (await listed('queue', cabinet)) === 1);
    const line = page.locator('[data-testid=queue-row]');
    await until('how many it hides', async () => /120 alarmes masquées/.test(await line.textContent()));
    assert.equal(await listed('queue', 'PL-'), 0, 'no light point in the queue');
    assert.equal(await listed('maintenance', 'PL-'), 0, 'nor among the notices');
    await listed('queue', cabinet);
    await line.click();
    await page.waitForSelector('[data-testid=alarm-panel]');
    assert.match(await page.textContent('[data-testid=suppressed]'), /120 alarmes masquées/);
    await page.click('[data-testid=suppressed]');
    await until('them', async () => (await page.locator('[data-testid=suppressed-list] li').count()) === 120);

    // An incident from the cabinet's alarm, taken up; a crew sent, which calls it restored.
    const me = await operator.must('GET', '/api/v1/session');
    const { position } = await operator.must('GET', `/api/v1/assets/${cabinet}`);
    await crew.must('PUT', '/api/v1/crews/EQ1/position', { at: new Date().toISOString(), position });
    const incident = `/api/v1/incidents/${await openIncident(page)}`;
    assert.equal((await operator.must('GET', `/api/v1/alarms/${cause.id}`)).incident, Number(incident.split('/').at(-1)));
    await claim(page, me);
    const id = await dispatch(page, 'Réarmer le disjoncteur');
    await repair(page, id);

    // The cabinet reports its feeder, and the lamps that they burn: proved, closed, in the logbook, and none left over.
    await publish(cabinet, { feeder_on: true, breaker_tripped: false });
    await all({ lamp_on: true, power_w: 40, fault: 'none' });
    await proved(page, id);
    await closeBoth(page);
    await recorded(incident);
    // Returned, and only then acknowledged.
    await until('its alarm has a line again', async () => (await listed('queue', cabinet)) === 1);
    await line.click();
    await page.keyboard.press('a');
    await until('the line is gone', async () => (await listed('queue', cabinet)) === 0);
    await until(
      'none left over',
      async () => {
        const { rows } = await operator.must('GET', '/api/v1/alarms?limit=1000');
        return rows.every((row) => row.asset !== cabinet && !lamps.includes(row.asset));
      },
      120_000,
    );
    for (const tab of ['queue', 'maintenance']) {
      for (const typed of [cabinet, 'PL-']) {
        await until(`no ${typed} in ${tab}`, async () => (await listed(tab, typed)) === 0);
      }
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
});
