// The crew page on a phone, in a real browser against a running server: node --test tests/e2e/crew.e2e.mjs
//
// VIGIE_URL, VIGIE_LOGIN and VIGIE_PASSWORD name the server and somebody of the room; VIGIE_CREW_LOGIN and
// VIGIE_CREW_PASSWORD a member of a crew, VIGIE_OTHER_CREW_LOGIN and _PASSWORD one of another crew.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fromEnvironment, launch, openPage, person, phone, signIn, until, violations } from './browser.mjs';

const room = fromEnvironment();
const crewMember = {
  url: room.url,
  login: process.env.VIGIE_CREW_LOGIN,
  password: process.env.VIGIE_CREW_PASSWORD,
};
if (!crewMember.login || !crewMember.password) throw new Error('VIGIE_CREW_LOGIN and VIGIE_CREW_PASSWORD say who');

describe('the crew page', () => {
  let browser;
  let context;
  let page;
  let errors;
  let operator;
  let crew;

  before(async () => {
    browser = await launch();
    operator = await person(room);
    crew = (await person(crewMember)).session.crew;
    assert.ok(crew, 'the crew member belongs to a crew');
  });
  after(() => browser?.close());
  beforeEach(async () => {
    ({ context, page, errors } = await openPage(browser, {
      ...phone,
      colorScheme: 'light',
      geolocation: { longitude: 5.0415, latitude: 47.322 },
      permissions: ['geolocation'],
    }));
  });
  afterEach(() => context?.close());

  const dispatched = async (title) => {
    const place = { position: [5.04, 47.32], desk: 'citizen', priority: 3 };
    const incident = await operator.must('POST', '/api/v1/incidents', { title, claim: true, ...place });
    const path = `/api/v1/incidents/${incident.number}/interventions`;
    return operator.must('POST', path, { crew, description: 'Baliser' });
  };
  const stateOf = async (id) => (await operator.must('GET', `/api/v1/interventions/${id}`)).state;
  const card = (id) => page.locator(`[data-testid=intervention][data-id="${id}"]`);
  const enter = async () => {
    await signIn(page, crewMember, '/crew.html');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  };

  it('shows the intervention and takes one-tap answers up to restored', async () => {
    const { id } = await dispatched('Mât penché');
    await enter();
    await card(id).waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(errors, []);
    for (const to of ['accepted', 'en_route', 'on_site', 'restored']) {
      await card(id).locator(`[data-testid=answer-${to}]`).click();
      await until(`the server has ${to}`, async () => (await stateOf(id)) === to);
    }
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(over, 0);
  });

  it('refuses with a coded reason', async () => {
    const { id } = await dispatched('Banc cassé');
    await enter();
    await card(id).locator('[data-testid=answer-refused]').click();
    await card(id).locator('[data-testid=reason]').selectOption('no_skill');
    assert.deepEqual(await violations(page), []);
    await card(id).locator('[data-testid=confirm]').click();
    await until('refused', async () => (await stateOf(id)) === 'refused');
  });

  it('keeps answers in flight mode and through a reload, with the times of the taps', async () => {
    const { id } = await dispatched('Chaussée glissante');
    await enter();
    await card(id).waitFor();
    await context.setOffline(true);
    const tapped = Date.now();
    await card(id).locator('[data-testid=answer-accepted]').click();
    await card(id).locator('[data-testid=to-send]').waitFor();
    await card(id).locator('[data-testid=answer-en_route]').click();
    await page.waitForSelector('[data-testid=crew-status][data-online=false]');
    await page.reload();
    await card(id).locator('[data-testid=to-send]').waitFor();
    assert.equal(await card(id).getAttribute('data-state'), 'en_route');
    assert.equal(await stateOf(id), 'assigned');
    const back = Date.now();
    await context.setOffline(false);
    await until('both arrived', async () => (await stateOf(id)) === 'en_route');
    const { transitions } = await operator.must('GET', `/api/v1/interventions/${id}`);
    const answers = transitions.filter((one) => ['accepted', 'en_route'].includes(one.to));
    assert.deepEqual(answers.map((one) => one.to), ['accepted', 'en_route']);
    for (const one of answers) {
      assert.ok(Date.parse(one.at) >= tapped - 1000 && Date.parse(one.at) <= back, `${one.at} is the time of the tap`);
    }
    await card(id).locator('[data-testid=to-send]').waitFor({ state: 'detached' });
  });

  /** A tap without network, overtaken by the room. */
  const tappedTooLate = async (id) => {
    await card(id).waitFor();
    await context.setOffline(true);
    await card(id).locator('[data-testid=answer-accepted]').click();
    await card(id).locator('[data-testid=to-send]').waitFor();
    await operator.must('POST', `/api/v1/interventions/${id}/transitions`, {
      to: 'cancelled',
      at: new Date().toISOString(),
      reason: 'no_longer_needed',
    });
    await context.setOffline(false);
    await page.waitForSelector('[data-testid=conflict]');
  };

  it('shows an answer that came too late for review, and never drops it silently', async () => {
    const { id } = await dispatched('Poubelle renversée');
    await enter();
    await tappedTooLate(id);
    assert.match(await page.textContent('[data-testid=conflict]'), /À revoir/);
    assert.deepEqual(await violations(page), []);
    await page.reload();
    await page.waitForSelector('[data-testid=conflict]');
    await page.waitForSelector('[data-testid=crew-status][data-online=true]'); // nothing moves under the finger
    await page.click('[data-testid=give-up]');
    await page.waitForSelector('[data-testid=conflict]', { state: 'detached' });
  });

  for (const theme of ['dark', 'light']) {
    for (const [language, locale] of [['French', 'fr-FR'], ['English', 'en-GB']]) {
      it(`has no accessibility violation (${theme}, ${language})`, async () => {
        await context.close();
        ({ context, page, errors } = await openPage(browser, { ...phone, locale }));
        const clean = async (what) => assert.deepEqual(await violations(page), [], what);
        const [late, present] = [await dispatched('Barrière ouverte'), await dispatched('Lampe au sol')];
        await enter();
        assert.equal(await page.getAttribute('html', 'lang'), locale.slice(0, 2));
        if (theme === 'dark') await page.click('[data-testid=theme]');
        assert.equal(await page.getAttribute('html', 'data-theme'), theme);
        await tappedTooLate(late.id);
        await card(present.id).waitFor();
        await clean('what is to be done, and to be looked at again');
        await card(present.id).locator('[data-testid=answer-refused]').click();
        await card(present.id).locator('[data-testid=reason]').waitFor();
        await clean('why not');
        await page.click('.crew-foot-row > .button:last-child');
        await page.waitForSelector('[data-testid=sign-in]');
        await clean('sign-in');
      });
    }
  }

  it('is told of a new intervention at once, without asking for it', async () => {
    await enter();
    await page.waitForSelector('[data-testid=crew-status][data-online=true]');
    // The next reading by itself is ten seconds away.
    await until('the first reading', async () => /liste de/.test(await page.textContent('body')));
    const { id } = await dispatched('Feu éteint');
    await page.waitForSelector('[data-testid=news]', { timeout: 5000 });
    await card(id).waitFor();
    assert.deepEqual(await violations(page), []);
    await card(id).locator('[data-testid=answer-accepted]').click();
    await page.waitForSelector('[data-testid=news]', { state: 'detached' });
  });

  const wrongClock = (minutes) =>
    page.addInitScript((wrong) => {
      const Right = Date;
      globalThis.Date = class extends Right {
        constructor(...parts) {
          super(...(parts.length > 0 ? parts : [Right.now() + wrong]));
        }
        static now() {
          return Right.now() + wrong;
        }
      };
    }, minutes * 60_000);
  const saysItWasTapped = async (id, tapped) => {
    await until('the server has it', async () => (await stateOf(id)) === 'accepted');
    await page.waitForSelector('[data-testid=conflict]', { state: 'detached' });
    const { transitions } = await operator.must('GET', `/api/v1/interventions/${id}`);
    const at = Date.parse(transitions.find((one) => one.to === 'accepted').at);
    assert.ok(Math.abs(at - tapped) < 2000, `${new Date(at).toISOString()} is the time of the tap`);
  };

  for (const minutes of [10, -10]) {
    it(`answers in time from a telephone whose clock is ${minutes} minutes wrong`, async () => {
      const { id } = await dispatched('Panneau tourné');
      await wrongClock(minutes);
      await enter();
      const tapped = Date.now();
      await card(id).locator('[data-testid=answer-accepted]').click();
      await saysItWasTapped(id, tapped);
      await page.waitForSelector('[data-testid=clock-wrong]');
      assert.deepEqual(await violations(page), []);
    });
  }

  it('holds what is tapped before the stream speaks, and sends it with the right time', async () => {
    const { id } = await dispatched('Panneau couché');
    await wrongClock(-10);
    let speak;
    const spoken = new Promise((done) => {
      speak = done;
    });
    await page.routeWebSocket(/stream/, async (socket) => {
      await spoken;
      socket.connectToServer();
    });
    await enter();
    const sent = [];
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
    const tapped = Date.now();
    await card(id).locator('[data-testid=answer-accepted]').click();
    await card(id).locator('[data-testid=to-send]').waitFor();
    // An answer that nothing holds leaves as it is kept: before what the page asks for after that.
    await page.evaluate(async () => {
      for (let i = 0; i < 3; ++i) await fetch('/api/v1/session');
    });
    assert.deepEqual(sent, []);
    assert.equal(await stateOf(id), 'assigned');
    speak();
    await saysItWasTapped(id, tapped);
  });

  it('sends nobody’s kept position as that of who signs in after them', async () => {
    const { VIGIE_OTHER_CREW_LOGIN: login, VIGIE_OTHER_CREW_PASSWORD: password } = process.env;
    const positionOf = async (code) =>
      (await operator.must('GET', '/api/v1/crews')).rows.find((one) => one.code === code).position;
    await enter();
    await page.waitForSelector('[data-testid=crew-status][data-online=true]');
    await context.setOffline(true);
    await page.click('[data-testid=send-position]');
    await page.waitForSelector('text=Position gardée');
    await page.click('text=Quitter');
    await page.waitForSelector('[data-testid=sign-in]');
    await context.setOffline(false);
    await page.fill('input[name=login]', login);
    await page.fill('input[name=password]', password);
    await page.click('[data-testid=sign-in] button[type=submit]');
    await until('the list of the other crew', async () => /liste de/.test(await page.textContent('body')));
    assert.equal(await positionOf('EQ2'), undefined);
  });

  it('sends its position', async () => {
    await enter();
    await page.click('[data-testid=send-position]');
    await page.waitForSelector('text=Position envoyée');
    const rows = (await operator.must('GET', '/api/v1/crews')).rows;
    assert.deepEqual(rows.find((one) => one.code === crew).position, [5.0415, 47.322]);
  });
});
