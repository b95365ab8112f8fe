// The operators' console in a real browser against a running server: node --test tests/e2e/console.e2e.mjs
//
// VIGIE_URL, VIGIE_LOGIN and VIGIE_PASSWORD name the server and a supervisor, VIGIE_OPERATOR_LOGIN and _PASSWORD a second
// person of the room, VIGIE_CREW_LOGIN and _PASSWORD a member of a crew. Needs a city with assets; everything else (an
// incident, a contact, notes) the tests make themselves through the page.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fromEnvironment, launch, mapReady, openPage, person, signIn, until, violations } from './browser.mjs';

const who = fromEnvironment();
const stamp = Date.now().toString(36);

describe('the console', () => {
  let browser;
  let context;
  let page;
  let errors;

  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    ({ context, page, errors } = await openPage(browser));
  });
  afterEach(() => context?.close());

  const enter = async (path = '/?coarse') => {
    await signIn(page, who, path);
    await page.waitForSelector('[data-testid=link][data-link=open]');
  };
  const selected = () => new URL(page.url()).searchParams.get('select');
  const openIncident = async (title, at) => {
    await page.keyboard.press('F2');
    await page.waitForSelector('[data-testid=new-incident-dialog]');
    if (at) {
      await page.fill('[data-testid=place]', at);
      await page.waitForSelector(`[role=option] >> text=${at}`);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-testid=placed]');
    }
    await page.fill('[data-testid=contact-summary]', `${title}, dit l'appelante`);
    await page.fill('[name=callback_number]', '03 80 00 00 00');
    await page.fill('[data-testid=title]', title);
    await page.selectOption('[data-testid=desk]', 'citizen');
    await page.click('[data-testid=new-incident-submit]');
    await page.waitForSelector(`[data-testid=incident-panel] h2:has-text("${title}")`);
    return Number(await page.getAttribute('[data-testid=incident-panel]', 'data-number'));
  };

  it('refuses a wrong password with the server’s own words, and lets nobody in', async () => {
    await page.goto(who.url);
    await page.fill('input[name=login]', who.login);
    await page.fill('input[name=password]', 'not-the-password');
    await page.click('[data-testid=sign-in] button[type=submit]');
    await page.waitForSelector('[data-testid=sign-in] [role=alert]');
    assert.notEqual((await page.textContent('[data-testid=sign-in] [role=alert]')).trim(), '');
    assert.deepEqual(await violations(page), []);
  });

  it('draws every asset the server knows, and no error is reported', async () => {
    await enter();
    await mapReady(page);
    const api = await person(who);
    const points = await api.must('GET', '/api/v1/map/points');
    const shown = await page.evaluate(() => window.__console.map.count());
    assert.equal(shown, points.ids.length);
    assert.ok(shown > 0);
    const sample = points.codes[Math.floor(points.codes.length / 2)];
    assert.ok(points.states.includes(await page.evaluate((code) => window.__console.map.state(code), sample)));
    assert.deepEqual(errors, []);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0, 'nothing is cut off at the right');
  });

  for (const [theme, language] of [['dark', 'fr-FR'], ['light', 'en-GB']]) {
    it(`has no accessibility violation (${theme}, ${language})`, async () => {
      await context.close();
      ({ context, page, errors } = await openPage(browser, { colorScheme: theme, locale: language }));
      await enter();
      await mapReady(page);
      await until('desks', () => page.locator('.desk').count());
      assert.deepEqual(await violations(page), [], 'operations');
      await page.keyboard.press('F2');
      await page.waitForSelector('[data-testid=new-incident-dialog]');
      assert.deepEqual(await violations(page), [], 'new incident');
      await page.keyboard.press('Escape');
      await page.click('[data-testid=map-as-list]');
      await page.waitForSelector('#asset-list [role=option]');
      assert.deepEqual(await violations(page), [], 'list');
      await page.goto(new URL('/?page=logbook', who.url).href);
      await page.waitForSelector('.logbook-page');
      assert.deepEqual(await violations(page), [], 'logbook');
    });
  }

  it('opens an incident from a call by keyboard, claims it, notes, and tells its story', async () => {
    await enter();
    const number = await openIncident(`Arbre tombé ${stamp}`);
    assert.equal(selected(), `incident:${number}`);
    assert.match(await page.textContent('[data-testid=contacts]'), /dit l'appelante/);
    await page.click('[data-testid=release]');
    await page.waitForSelector('[data-testid=claim]');
    await page.click('[data-testid=claim]');
    await page.waitForSelector('[data-testid=release]');
    await page.fill('[data-testid=note]', `Pompiers prévenus ${stamp}`);
    await page.click('[data-testid=note-write]');
    await page.waitForSelector(`[data-testid=story] >> text=Pompiers prévenus ${stamp}`);
    await page.waitForSelector(`[data-key="incident:${number}"]`);
  });

  it('does not close what is not finished without saying so, and closes with a reason', async () => {
    await enter();
    const number = await openIncident(`Nid-de-poule ${stamp}`);
    await page.click('[data-testid=close-incident]');
    await page.selectOption('[data-testid=close-reason]', 'no_fault_found');
    await page.click('[data-testid=close-submit]');
    await page.waitForSelector('[data-testid=incident-panel][data-status=closed]');
    await until('it leaves the queue', async () => (await page.locator(`[data-key="incident:${number}"]`).count()) === 0);
  });

  it('dispatches a crew, follows it live, verifies by override and closes', async () => {
    const { VIGIE_CREW_LOGIN: login, VIGIE_CREW_PASSWORD: password } = process.env;
    const crew = await person({ url: who.url, login, password });
    const seen = await (await person(who)).must('GET', '/api/v1/map/points');
    const [asset, position] = [seen.codes[0], [seen.lon[0], seen.lat[0]]];
    await crew.must('PUT', `/api/v1/crews/${crew.session.crew}/position`, { at: new Date().toISOString(), position });
    await enter();
    const number = await openIncident(`Poteau penché ${stamp}`, asset);
    await page.fill('[data-testid=dispatch-description]', 'Baliser et redresser');
    await page.click(`[data-testid=dispatch-${crew.session.crew}]`);
    const shown = page.locator('[data-testid=interventions] li').first();
    await shown.waitFor();
    const id = await shown.getAttribute('data-id');
    for (const to of ['accepted', 'en_route', 'on_site', 'restored']) {
      const move = { to, at: new Date().toISOString() };
      await crew.must('POST', `/api/v1/interventions/${id}/transitions`, move);
      await page.waitForSelector(`[data-testid=interventions] li[data-state=${to}]`);
    }
    await page.click('[data-testid=close-incident]');
    await page.click('[data-testid=close-submit]');
    await page.waitForSelector('[data-testid=close-refusal]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid=close-dialog]', { state: 'detached' });
    await page.click('[data-testid=move-verified]');
    await page.fill('[data-testid=move-note]', 'Vu à la caméra');
    assert.deepEqual(await violations(page), []);
    await page.click('[data-testid=move-submit]');
    await page.waitForSelector('[data-testid=interventions] li[data-state=verified]');
    await page.click('[data-testid=move-closed]');
    await page.click('[data-testid=move-submit]');
    await page.waitForSelector('[data-testid=interventions] li[data-state=closed]');
    await page.click('[data-testid=close-incident]');
    await page.click('[data-testid=close-submit]');
    await page.waitForSelector(`[data-testid=incident-panel][data-number="${number}"][data-status=closed]`);
  });

  it('tells the second who claims that somebody was faster, and who', async () => {
    const { VIGIE_OPERATOR_LOGIN: login, VIGIE_OPERATOR_PASSWORD: password } = process.env;
    const rival = await person({ url: who.url, login, password });
    await enter();
    const number = await openIncident(`Feu de poubelle ${stamp}`);
    await page.click('[data-testid=release]');
    await page.waitForSelector('[data-testid=claim]');
    await page.route('**/claim', async (route) => {
      await rival.must('POST', `/api/v1/incidents/${number}/claim`);
      await route.continue();
    });
    await page.click('[data-testid=claim]');
    await page.waitForSelector('[data-testid=refusal]');
    assert.match(await page.textContent('[data-testid=refusal]'), new RegExp(rival.session.name));
    await until('the owner', async () => (await page.textContent('[data-testid=owner]')).includes(rival.session.name));
  });

  it('is found again by its address', async () => {
    await enter();
    const number = await openIncident(`Lampe au sol ${stamp}`);
    await page.click('[data-testid=desk-citizen]');
    await page.click('[data-testid=tab-interventions]');
    const address = page.url();
    await page.goto('about:blank');
    await page.goto(address);
    await page.waitForSelector(`[data-testid=incident-panel][data-number="${number}"]`);
    assert.equal(await page.getAttribute('[data-testid=desk-citizen]', 'aria-pressed'), 'true');
    assert.equal(await page.getAttribute('[data-testid=tab-interventions]', 'aria-selected'), 'true');
    await page.goBack();
  });

  it('is moved through by keyboard alone', async () => {
    await enter();
    await openIncident(`Un ${stamp}`);
    await openIncident(`Deux ${stamp}`);
    await until('the focus on what was made', () => page.evaluate(() => document.activeElement?.id === 'detail-pane'));
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type(stamp);
    await until('the filter', async () => (await page.locator('#queue-list [role=option]').count()) >= 2);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Home');
    const first = await until('a selection', selected);
    await page.keyboard.press('ArrowDown');
    await until('the next', () => selected() !== first);
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'detail-pane');
    await page.keyboard.press('Escape');
    await until('nothing selected', () => selected() === null);
    await page.keyboard.press('?');
    await page.waitForSelector('[data-testid=keys]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid=keys]', { state: 'detached' });
  });

  it('finds an asset by its code and moves the map there', async () => {
    await enter();
    await mapReady(page);
    const code = (await (await person(who)).must('GET', '/api/v1/map/points')).codes[0];
    await page.keyboard.press('Control+k');
    await page.keyboard.type(code);
    await page.waitForSelector(`[role=option] >> text=${code}`);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=asset-panel]');
    assert.equal(selected(), `asset:${code}`);
    assert.match(new URL(page.url()).searchParams.get('at'), /^17\.00\//);
    await page.waitForSelector('[data-testid=freshness]');
    await page.waitForSelector('[data-testid=history][data-ready=true]');
  });

  it('finds a street by a part of its name and moves the map there', async () => {
    const operator = await person(who);
    const [light] = (await operator.must('GET', '/api/v1/assets?kind=light_point&limit=1')).rows;
    const { rows } = await operator.must('GET', `/api/v1/addresses?limit=10&q=${encodeURIComponent(light.street)}`);
    const street = rows.find((row) => row.match === 'street' && row.label.startsWith(light.street));
    await enter();
    await mapReady(page);
    await page.keyboard.press('Control+k');
    await page.keyboard.type(light.street);
    await page.locator('[role=option]', { hasText: light.street }).first().waitFor();
    await page.keyboard.press('Enter');
    await until('the street in the middle', () => /^16\.00\//.test(new URL(page.url()).searchParams.get('at')));
    const [lat, lon] = new URL(page.url()).searchParams.get('at').split('/').slice(1).map(Number);
    const found = rows.filter((row) => row.match === 'street').map((row) => row.position);
    assert.ok(street, `a street of that name: ${JSON.stringify(rows)}`);
    assert.ok(found.some(([x, y]) => Math.hypot(x - lon, y - lat) < 1e-3), `${lon} ${lat} of ${JSON.stringify(found)}`);
    assert.equal(selected(), null);
  });

  /** Right of the middle of the map and above it; and what lies there by the address, a pixel on the screen exact. */
  const onMap = async () => {
    await until('the frame', () => new URL(page.url()).searchParams.get('at'));
    const box = await page.locator('[data-testid=map] canvas').boundingBox();
    const [zoom, lat, lon] = new URL(page.url()).searchParams.get('at').split('/').map(Number);
    const [right, up] = [60, 40];
    const degrees_per_px = 360 / (512 * 2 ** zoom);
    const north = up * degrees_per_px * Math.cos((lat * Math.PI) / 180);
    return {
      at: [box.x + box.width / 2 + right, box.y + box.height / 2 - up],
      holds: ([x, y]) => Math.hypot(x - lon - right * degrees_per_px, y - lat - north) < 2 * degrees_per_px,
    };
  };
  const placedAt = async () => {
    const text = await page.textContent('[data-testid=from-place]');
    const [lat, lon] = text.match(/\d+,\d+/g).map((one) => Number(one.replace(',', '.')));
    return [lon, lat];
  };

  it('opens an incident where the operator clicks on the map', async () => {
    const { VIGIE_OPERATOR_LOGIN: login, VIGIE_OPERATOR_PASSWORD: password } = process.env;
    const operator = { url: who.url, login, password };
    await signIn(page, operator, '/?coarse');
    await mapReady(page);
    const spot = await onMap();
    await page.click('[data-testid=place-incident]');
    await page.mouse.click(...spot.at);
    await page.waitForSelector('[data-testid=new-incident-dialog]');
    assert.ok(spot.holds(await placedAt()), 'the dialog says the place');
    await page.fill('[data-testid=title]', `Verre sur la voie ${stamp}`);
    await page.selectOption('[data-testid=desk]', 'citizen');
    await page.click('[data-testid=new-incident-submit]');
    await page.waitForSelector(`[data-testid=incident-panel] h2:has-text("Verre sur la voie ${stamp}")`);
    const number = await page.getAttribute('[data-testid=incident-panel]', 'data-number');
    const { position } = await (await person(operator)).must('GET', `/api/v1/incidents/${number}`);
    assert.ok(spot.holds(position), `${position} is where the click was`);
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-testid=incident-panel]', { state: 'detached' });
    await until('the map has it there', async () => {
      await page.mouse.click(...spot.at);
      return selected() === `incident:${number}`;
    });
  });

  it('opens the form by the right button too, with the place under it', async () => {
    await enter();
    await mapReady(page);
    const spot = await onMap();
    await page.mouse.click(...spot.at, { button: 'right' });
    await page.waitForSelector('[data-testid=new-incident-dialog]');
    assert.ok(spot.holds(await placedAt()));
  });

  it('takes the first found when Enter comes before the answer', async () => {
    await enter();
    await mapReady(page);
    const code = (await (await person(who)).must('GET', '/api/v1/map/points')).codes[1];
    await page.keyboard.press('Control+k');
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid=asset-panel]');
    assert.equal(selected(), `asset:${code}`);
    await page.keyboard.press('Control+k');
    assert.equal(await page.inputValue('[data-testid=address]'), '');
    await page.keyboard.type('zzzzzz');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=Rien trouvé');
    assert.equal(selected(), `asset:${code}`);
  });

  it('says that the link is lost, since when, and resumes by itself', async () => {
    let cut = null;
    let refused = false;
    await page.routeWebSocket('**/api/v1/stream', (socket) => {
      if (refused) {
        void socket.close({ code: 1001 });
        return;
      }
      socket.connectToServer();
      cut = () => socket.close({ code: 1001 });
    });
    await enter();
    refused = true;
    await cut();
    await page.waitForSelector('[data-testid=link-banner]:not([hidden])');
    assert.match(await page.textContent('[data-testid=link-banner]'), /Liaison perdue depuis \d\d:\d\d/);
    refused = false;
    await page.waitForSelector('[data-testid=link][data-link=open]');
    await page.waitForSelector('[data-testid=link-banner]', { state: 'hidden' });
  });

  it('speaks both languages and keeps the choice', async () => {
    await enter();
    await page.click('[data-testid=language]');
    await page.waitForSelector('text=New incident');
    assert.equal(await page.getAttribute('html', 'lang'), 'en');
    await page.reload();
    await page.waitForSelector('text=New incident');
    await page.click('[data-testid=theme]');
    assert.equal(await page.getAttribute('html', 'data-theme'), 'light');
  });

  it('stays whole at 200 % zoom, without sideways scrolling', async () => {
    await context.close();
    ({ context, page, errors } = await openPage(browser, { viewport: { width: 640, height: 360 } }));
    await enter();
    await page.waitForSelector('.desk');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0);
  });

  it('closes the session, and says so when the server could not', async () => {
    await enter();
    await page.route('**/api/v1/session', (route) =>
      route.request().method() === 'DELETE' ? route.fulfill({ status: 503, body: '{}' }) : route.continue(),
    );
    await page.click('[data-testid=sign-out]');
    await page.waitForSelector('[data-testid=still-signed-in]:not([hidden])');
    assert.equal(await page.locator('[data-testid=sign-in]').count(), 0);
    assert.deepEqual(await violations(page), []);
    await page.unroute('**/api/v1/session');
    await page.click('[data-testid=sign-out]');
    await page.waitForSelector('[data-testid=sign-in]');
    await page.reload();
    await page.waitForSelector('[data-testid=sign-in]');
  });
});

describe('the console without graphics', () => {
  it('shows the list instead of the map, and says why', async () => {
    const browser = await launch(['--disable-3d-apis', '--disable-gpu']);
    try {
      const { page } = await openPage(browser);
      await signIn(page, who);
      await page.waitForSelector('text=WebGL2');
      await page.waitForSelector('#asset-list [role=option]');
      await page.locator('#asset-list [role=option]').first().click();
      await page.waitForSelector('[data-testid=asset-panel]');
    } finally {
      await browser.close();
    }
  });
});
