// What the console tells and offers the people of the room, in a real browser: node --test tests/e2e/room.e2e.mjs
//
// The variables of console.e2e.mjs, VIGIE_DIRECTOR_LOGIN and _PASSWORD: somebody who may look and not act, and VIGIE_OPEN_URL:
// the door of those who are not in the room. Where a test needs a city that misbehaves, it speaks on the stream in the
// server's place.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fromEnvironment, launch, mapReady, openPage, person, signIn, until, violations } from './browser.mjs';
import { minutesAgo, say } from './devices.mjs';

const env = process.env;
const who = fromEnvironment();
const operator = { url: who.url, login: env.VIGIE_OPERATOR_LOGIN, password: env.VIGIE_OPERATOR_PASSWORD };
const director = { url: who.url, login: env.VIGIE_DIRECTOR_LOGIN, password: env.VIGIE_DIRECTOR_PASSWORD };
const stamp = Date.now().toString(36);
const place = { position: [5.04, 47.32], desk: 'citizen', priority: 3 };

const alarm = {
  id: '0192fe3a-77aa-7c11-9d1b-0a1b2c3d4e5f', asset: 'X-1', kind: 'signal_junction', rule: 'r',
  name: { fr: 'Carrefour éteint', en: 'Junction dark' }, response: { fr: 'Regarder', en: 'Look' },
  raises: 'alarm', priority: 1, state: 'unacknowledged', active: true, raised_at: new Date().toISOString(),
  learnt_late: false, occurrences: 1, desk: 'traffic', version: 1,
};

/** A stream that says what the test gives each topic: its rows, or the status of a refusal. */
async function speakFor(page, topics, more = () => {}, subscribed = () => {}) {
  await page.routeWebSocket('**/api/v1/stream', (socket) => {
    const say = (message) => socket.send(JSON.stringify(message));
    socket.onMessage((text) => {
      const { type, id, topic } = JSON.parse(text);
      const given = topics[topic];
      if (type !== 'subscribe' || given === undefined) return;
      subscribed({ id, topic });
      if (typeof given === 'number') say({ type: 'error', id, problem: { title: 'no', status: given } });
      else say({ type: 'snapshot', id, epoch: 'test', sequence: 1, rows: given });
    });
    say({ type: 'hello', epoch: 'test', sequence: 1, heartbeat_s: 5 });
    more(say);
  });
}

/** Waits until the strip of the traffic desk reads so. */
function strip(page, what, words) {
  const text = () => page.textContent('[data-testid=desk-traffic]');
  return until(what, async () => words.test((await text()).replaceAll(/\s+/g, ' ')));
}

describe('the room', () => {
  let browser;
  let context;
  let page;

  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    ({ context, page } = await openPage(browser));
  });
  afterEach(() => context?.close());

  const enter = async (someone = who, path = '/?coarse&view=list') => {
    await signIn(page, someone, path);
    await page.waitForSelector('[data-testid=link][data-link=open]');
  };
  const lacking = (standing) => page.waitForSelector(`#queue-body [data-standing=${standing}]`);

  it('does not call a queue empty that is loading, not permitted or not available', async () => {
    await speakFor(page, { incidents: 403, alarms: 503 });
    await enter();
    await lacking('forbidden');
    await lacking('unavailable');
    assert.doesNotMatch(await page.textContent('#queue-body'), /Rien n’attend/);
    assert.equal((await page.textContent('[data-testid=tab-queue] .tab-count')).trim(), '–');
    assert.match(await page.textContent('[data-testid=count-1]'), /–/);
    await page.click('[data-testid=tab-interventions]');
    await lacking('loading');
    assert.deepEqual(await violations(page), []);
    await page.click('[data-testid=language]');
    await page.waitForSelector('#queue-body >> text=loading…');
  });

  it('shows an alarm whose incident is closed, and opens a new incident from it', async () => {
    await speakFor(page, { alarms: [{ ...alarm, incident: 999_999, state: 'acknowledged' }], incidents: [], desks: [] });
    await enter();
    await page.click('[data-testid=queue-row]');
    await page.waitForSelector('[data-testid=alarm-panel]');
    // Offered once the open incidents are known; then the other one is called closed.
    await page.waitForSelector('[data-testid=open-incident]');
    assert.match(await page.textContent('[data-testid=to-incident]'), /clos/);
    await page.click('[data-testid=open-incident]');
    await page.waitForSelector('[data-testid=new-incident-dialog]');
    assert.match(await page.textContent('[data-testid=new-incident-dialog]'), /Carrefour éteint/);
  });

  it('sounds for a critical alarm, is muted by keyboard, says so and remembers it', async () => {
    await speakFor(page, { alarms: [alarm], incidents: [], desks: [] });
    await enter();
    await page.waitForSelector('[data-testid=sound][data-state=ready]');
    await page.waitForSelector('[data-testid=sound][data-priority="1"]');
    await page.focus('[data-testid=sound]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=sound][data-state=muted]');
    assert.match(await page.innerText('[data-testid=sound]'), /Son coupé/);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, 'nothing is cut off at the right');
    assert.deepEqual(await violations(page), []);
    await page.reload();
    await page.waitForSelector('[data-testid=sound][data-state=muted]');
    assert.equal(await page.getAttribute('[data-testid=sound]', 'data-sounded'), '0');
    await page.focus('[data-testid=sound]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=sound][data-priority="1"]');
  });

  it('keeps the server’s time when the workstation’s clock is wrong', async () => {
    await page.addInitScript(() => {
      const Right = Date;
      const wrong = 3_600_000;
      globalThis.Date = class extends Right {
        constructor(...parts) {
          super(...(parts.length > 0 ? parts : [Right.now() + wrong]));
        }
        static now() {
          return Right.now() + wrong;
        }
      };
    });
    await speakFor(page, { alarms: [alarm], incidents: [], desks: [] }, (say) => {
      say({ type: 'heartbeat', sequence: 1, lag_ms: 0, at: new Date().toISOString() });
    });
    await enter();
    await until('an age of minutes', async () => /^0\d:\d\d$/.test(await page.textContent('.entry-age')));
  });

  it('lets a supervisor give back another’s claim, and shows nobody a button that would be refused', async () => {
    const other = await person(operator);
    const title = `Banc arraché ${stamp}`;
    const { number } = await other.must('POST', '/api/v1/incidents', { title, claim: true, ...place });
    await enter(who, `/?coarse&view=list&select=incident:${number}`);
    await page.waitForSelector('[data-testid=release]');
    assert.equal(await page.locator('[data-testid=claim]').count(), 0);
    assert.match(await page.textContent('[data-testid=release]'), /Dominique Petit/);
    await page.click('[data-testid=release]');
    await page.waitForSelector('[data-testid=claim]');
    await page.click('[data-testid=claim]');
    await until('claimed', async () => (await other.must('GET', `/api/v1/incidents/${number}`)).owner === who.login);
    await context.close();
    ({ context, page } = await openPage(browser));
    await enter(operator, `/?coarse&view=list&select=incident:${number}`);
    await page.waitForSelector('[data-testid=incident-panel] [data-testid=change]');
    assert.equal(await page.locator('[data-testid=claim], [data-testid=release]').count(), 0);
  });

  it('offers somebody who may only look nothing to press', async () => {
    const other = await person(operator);
    const { number } = await other.must('POST', '/api/v1/incidents', { title: `Trou ${stamp}`, ...place });
    await enter(director, `/?coarse&select=incident:${number}`);
    await page.waitForSelector('[data-testid=incident-panel]');
    const acts = ['claim', 'release', 'change', 'close-incident', 'note', 'dispatch-open', 'new-incident', 'add-contact', 'place-incident'];
    for (const act of acts) assert.equal(await page.locator(`[data-testid=${act}]`).count(), 0, act);
    await page.keyboard.press('F2');
    await page.goto(new URL('/?page=logbook', who.url).href);
    await page.waitForSelector('.logbook-add');
    assert.equal(await page.locator('[data-testid=new-incident-dialog]').count(), 0);
  });

  it('offers them no form by a click of the right button on the map either', async () => {
    await enter(director, '/?coarse');
    await mapReady(page);
    // The form is read after the shell; before that a click could not have opened it.
    await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('NewIncident')));
    const { codes } = await (await person(director)).must('GET', '/api/v1/map/points');
    await page.keyboard.press('Control+k');
    await page.keyboard.type(codes[0]);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=asset-panel]');
    await page.click('[data-testid=close-detail]');
    await page.waitForSelector('[data-testid=asset-panel]', { state: 'detached' });
    const box = await page.locator('[data-testid=map] canvas').boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.click(x + 40, y + 40, { button: 'right' });
    // What follows on the same map is heard, so the click before it was; a form would have held it back.
    await page.mouse.click(x, y);
    await page.waitForSelector('[data-testid=asset-panel] [data-testid=values]');
    assert.equal(await page.locator('[role=dialog]').count(), 0);
  });

  it('says at a glance what waits at a desk, since when, and how many alarms came: as each moves', async () => {
    const api = await person(who);
    const { rows } = await api.must('GET', '/api/v1/assets?kind=signal_junction&limit=5');
    const junction = rows.at(-1).code;
    const before = (await api.must('GET', '/api/v1/desks')).rows.find((one) => one.desk === 'traffic');
    assert.equal(before.waiting, 0);
    const alarms = before.alarms_10_min + 1;
    const reads = (what, waiting, more) => strip(page, what, new RegExp(`Circulation ?${waiting} en attente ?${more} al\\.`));
    await enter();
    await reads('nothing waits', 0, alarms - 1);
    // It stands at flashing amber for twenty minutes already: the strip tells of those, not of when we learnt it.
    await say(junction, [
      { t: minutesAgo(25), values: { mode: 'plan' } },
      { t: minutesAgo(20), values: { mode: 'flashing_amber' } },
      { t: minutesAgo(0), values: { mode: 'flashing_amber' } },
    ]);
    await reads('the alarm', 1, `plus ancien 20:\\d\\d ?${alarms}`);
    const row = page.locator('[data-key^="alarm:"]', { hasText: junction });
    await row.click();
    await page.keyboard.press('F2');
    await page.uncheck('[data-testid=new-incident-dialog] [name=claim]');
    await page.click('[data-testid=new-incident-submit]');
    await page.waitForSelector('[data-testid=claim]');
    // Nobody has taken it up yet: it waits as long as its alarm does.
    await row.waitFor({ state: 'detached' });
    await reads('the same, as an incident', 1, `plus ancien 2\\d:\\d\\d ?${alarms}`);
    await page.click('[data-testid=claim]');
    await page.waitForSelector('[data-testid=release]');
    await reads('taken up', 0, alarms);
    await page.click('[data-testid=release]');
    await reads('given back', 1, `plus ancien 2\\d:\\d\\d ?${alarms}`);
  });

  it('calls eleven alarms in ten minutes a flood, and not ten', async () => {
    const desk = (alarms_10_min) => ({
      desk: 'traffic', name: { fr: 'Circulation', en: 'Traffic' }, waiting: 7, oldest_at: minutesAgo(125), claimed: 1, alarms_10_min,
    });
    let tell;
    let id;
    await speakFor(page, { alarms: [], incidents: [], desks: [desk(10)] }, (send) => {
      tell = send;
    }, (subscribed) => {
      if (subscribed.topic === 'desks') id = subscribed.id;
    });
    await enter();
    await strip(page, 'ten', /7 en attente ?plus ancien 2 h 05 ?10 al\./);
    tell({ type: 'delta', id, prev: 1, sequence: 2, rows: [desk(11)] });
    await strip(page, 'eleven', /Avalanche : 11\//);
    tell({ type: 'delta', id, prev: 2, sequence: 3, rows: [desk(10)] });
    await strip(page, 'ten again', /\d ?10 al\./);
  });

  it('adds a call to an open incident, and a correction to the logbook', async () => {
    const chief = await person(who);
    const { number } = await chief.must('POST', '/api/v1/incidents', { title: `Fuite ${stamp}`, claim: true, ...place });
    await enter(who, `/?coarse&view=list&select=incident:${number}`);
    await page.click('[data-testid=add-contact]');
    await page.fill('[data-testid=contact-summary]', `Deuxième appel ${stamp}`);
    assert.deepEqual(await violations(page), []);
    await page.click('[data-testid=contact-submit]');
    await page.waitForSelector(`[data-testid=contacts] >> text=Deuxième appel ${stamp}`);
    await page.goto(new URL('/?page=logbook', who.url).href);
    const entry = page.locator('[data-testid=story] li', { hasText: `Deuxième appel ${stamp}` }).first();
    await entry.locator('[data-testid=correct]').click();
    await page.fill('[data-testid=correction]', `Troisième appel ${stamp}`);
    assert.deepEqual(await violations(page), []);
    await page.click('[data-testid=correction-submit]');
    await page.waitForSelector(`[data-testid=story] li:has-text("Troisième appel ${stamp}"):has-text("corrige n°")`);
  });

  it('keeps a call whose incident was refused, and opens the incident once it is mended', async () => {
    let refuse = true;
    await page.route('**/api/v1/incidents', async (route) => {
      if (route.request().method() !== 'POST' || !refuse) return route.continue();
      refuse = false;
      const errors = [{ pointer: '/title', message: 'trop vague' }];
      const body = JSON.stringify({ type: 'x', title: 'Demande refusée', status: 422, detail: 'Demande refusée', errors });
      return route.fulfill({ status: 422, contentType: 'application/problem+json', body });
    });
    await enter();
    await page.keyboard.press('F2');
    await page.fill('[data-testid=contact-summary]', `Une chose ${stamp}`);
    await page.fill('[data-testid=title]', `Chose ${stamp}`);
    await page.selectOption('[data-testid=desk]', 'citizen');
    await page.click('[data-testid=new-incident-submit]');
    await page.waitForSelector('[data-testid=contact-kept]');
    const refusal = await page.textContent('[data-testid=new-incident-dialog] [role=alert]');
    assert.match(refusal, /Intitulé : trop vague/);
    assert.doesNotMatch(refusal, /\/title/);
    await page.fill('[data-testid=title]', `Chose précise ${stamp}`);
    await page.click('[data-testid=new-incident-submit]');
    await page.waitForSelector(`[data-testid=incident-panel] h2:has-text("Chose précise ${stamp}")`);
    assert.equal(await page.locator('[data-testid=contacts] li').count(), 1);
  });

  it('filters the interventions by desk', async () => {
    const row = (id, incident) => ({
      id, incident, incident_title: `T${incident}`, crew: 'EQ1', state: 'assigned', priority: 3,
      created_at: new Date().toISOString(), allowed: [], version: 1,
    });
    const incident = (number, desk) => ({
      number, title: `T${number}`, desk, priority: 3, status: 'open', opened_at: new Date().toISOString(), version: 1,
    });
    const desk = (code) => ({ desk: code, name: { fr: code, en: code }, waiting: 0, claimed: 1, alarms_10_min: 0 });
    await speakFor(page, {
      alarms: [], interventions: [row('a', 1), row('b', 2)], incidents: [incident(1, 'citizen'), incident(2, 'traffic')],
      desks: [desk('citizen'), desk('traffic')],
    });
    await enter();
    await page.click('[data-testid=tab-interventions]');
    await until('both', async () => (await page.locator('[data-testid=queue-row]').count()) === 2);
    await page.click('[data-testid=desk-traffic]');
    await until('one', async () => (await page.locator('[data-testid=queue-row]').count()) === 1);
    assert.match(await page.textContent('[data-testid=queue-row]'), /T2/);
    assert.equal((await page.textContent('[data-testid=tab-interventions] .tab-count')).trim(), '1');
  });
});

describe('the public door', () => {
  const url = new URL('/open/v1/car-parks.geojson', env.VIGIE_OPEN_URL);
  const ask = (headers = {}) => fetch(url, { headers: { Origin: 'https://elsewhere.example', ...headers } });
  const isForAll = ({ headers }) => assert.equal(headers.get('access-control-allow-origin'), '*');

  it('tells anybody from anywhere of the car parks, how old each value is, and when nothing changed', async () => {
    const { rows } = await (await person(who)).must('GET', '/api/v1/assets?kind=car_park');
    const [{ code, attributes }] = rows;
    const at = minutesAgo(0.5);
    const free = attributes.capacity - 1;
    await say(code, { t: at, values: { free, open: true } });
    let answer;
    let features;
    // It is computed once a second.
    const tells = (places) => until(`${places} free places`, async () => {
      answer = await ask();
      ({ features } = await answer.json());
      return features.find(({ id }) => id === code)?.properties.free === places;
    });
    await tells(free);
    assert.match(answer.headers.get('content-type'), /^application\/geo\+json\b/);
    isForAll(answer);
    assert.deepEqual(features.map(({ id }) => id).sort(), rows.map((row) => row.code).sort());
    for (const { id, geometry, properties } of features) {
      assert.equal(geometry.type, 'Point');
      if (id === code) {
        assert.equal(properties.status, 'open');
        assert.equal(Date.parse(properties.observed_at), Date.parse(at));
        for (const age of [properties.age_s, properties.open_age_s]) {
          assert.ok(age >= 30 && age <= (Date.now() - Date.parse(at)) / 1000, `${age} s`);
        }
      } else {
        // Nobody speaks for it: no number is made up.
        const { status, free: places, age_s } = properties;
        assert.deepEqual({ status, places, age_s }, { status: 'unknown', places: null, age_s: null }, id);
      }
    }
    const etag = answer.headers.get('etag');
    assert.match(etag, /^W\/".+"$/);
    const same = await ask({ 'If-None-Match': etag });
    assert.equal(same.status, 304);
    assert.equal(await same.text(), '');
    isForAll(same);
    await say(code, { t: minutesAgo(0), values: { free: free - 1 } });
    await tells(free - 1);
    assert.notEqual(answer.headers.get('etag'), etag);
    assert.equal((await ask({ 'If-None-Match': etag })).status, 200);
  });

  it('lets a page of another origin say in its browser what it has already', async () => {
    const elsewhere = createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>x</title>'));
    await new Promise((listening) => elsewhere.listen(0, '127.0.0.1', listening));
    const browser = await launch();
    try {
      const { page, errors } = await openPage(browser);
      await page.goto(`http://127.0.0.1:${elsewhere.address().port}/`);
      const asked = (door, headers) =>
        page.evaluate(
          ([where, sent]) =>
            fetch(where, { headers: sent }).then(
              async (answer) => ({ status: answer.status, etag: answer.headers.get('ETag'), length: (await answer.text()).length }),
              (error) => String(error),
            ),
          [door, headers],
        );
      // A value may change between the two: then there is news to read.
      await until('not modified', async () => {
        const first = await asked(url.href, {});
        assert.equal(first.status, 200, JSON.stringify(first));
        assert.match(first.etag, /^W\/".+"$/, 'and it may read the ETag');
        const second = await asked(url.href, { 'If-None-Match': first.etag });
        assert.ok(second.status, JSON.stringify(second));
        return second.status === 304 && second.length === 0;
      });
      assert.deepEqual(errors, []);
      // The room's door lets no page of another origin ask anything.
      assert.match(await asked(new URL('/api/v1/kinds', who.url).href, { 'If-None-Match': '"x"' }), /Failed to fetch/);
    } finally {
      await browser.close();
      elsewhere.close();
    }
  });

  it('leads to nothing of the room', async () => {
    const status = async (path, door) => (await fetch(new URL(path, door))).status;
    assert.deepEqual([await status('/', who.url), await status('/api/v1/assets', who.url)], [200, 401]);
    for (const path of ['/', '/api/v1/assets', '/api/v1/session', '/api/v1/stream', '/admin/v1/status']) {
      assert.equal(await status(path, env.VIGIE_OPEN_URL), 404, path);
    }
  });
});
