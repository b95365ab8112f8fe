// What the tests in a real browser share: starting it, signing in, asking axe, and speaking to the API as a person.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const packages = createRequire(new URL('../../src/console/package.json', import.meta.url));
const { chromium } = packages('playwright-core');
const axeSource = readFileSync(packages.resolve('axe-core/axe.min.js'), 'utf8');

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** One browser at a time: it draws in software and takes a core by itself. */
export function launch(more = []) {
  const executablePath = process.env.VIGIE_CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: [...flags, ...more] });
}

export const desk = { viewport: { width: 1280, height: 720 }, locale: 'fr-FR', colorScheme: 'dark' };
export const phone = { viewport: { width: 360, height: 740 }, locale: 'fr-FR', hasTouch: true, isMobile: true };

/** A page that notes every error the browser reports. GPU notices are warnings and are not among them. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    ...desk,
    timezoneId: 'Europe/Paris',
    reducedMotion: 'reduce',
    ignoreHTTPSErrors: true,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  return { context, page, errors };
}

export async function signIn(page, { url, login, password }, path = '/') {
  await page.goto(new URL(path, url).href);
  await page.fill('input[name=login]', login);
  await page.fill('input[name=password]', password);
  await page.click('[data-testid=sign-in] button[type=submit]');
  await page.waitForSelector('[data-testid=sign-in]', { state: 'detached' });
}

/** The map is drawn; `coarse` in the address halves its pixels, which a test does not look at. */
export function mapReady(page) {
  return page.waitForSelector('[data-map-ready=true]', { state: 'attached', timeout: 60_000 });
}

/** Violations of WCAG 2.2 A and AA, in words. */
export async function violations(page) {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  });
}

/** Speaks to the API with a session of its own, as a program or a second person would. */
export async function person({ url, login, password }) {
  const answer = await fetch(new URL('/api/v1/session', url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: new URL(url).origin },
    body: JSON.stringify({ login, password }),
  });
  if (!answer.ok) throw new Error(`${login} cannot sign in: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
  const session = await answer.json();
  const ask = async (method, path, body) => {
    const headers = { 'Accept-Language': 'fr', Cookie: cookie, Origin: new URL(url).origin, 'X-CSRF-Token': session.csrf_token ?? '' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method === 'POST') headers['Idempotency-Key'] = crypto.randomUUID();
    const said = await fetch(new URL(path, url), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await said.text();
    return { status: said.status, body: text ? JSON.parse(text) : null };
  };
  const must = async (...request) => {
    const said = await ask(...request);
    if (said.status >= 300) throw new Error(`${request[0]} ${request[1]}: ${said.status} ${JSON.stringify(said.body)}`);
    return said.body;
  };
  return { session, ask, must };
}

/** Waits until `look` answers something true, without a fixed pause. */
export async function until(what, look, limit_ms = 20_000) {
  const end = Date.now() + limit_ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited ${limit_ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function fromEnvironment() {
  const { VIGIE_URL: url, VIGIE_LOGIN: login, VIGIE_PASSWORD: password } = process.env;
  if (!url || !login || !password) throw new Error('VIGIE_URL, VIGIE_LOGIN and VIGIE_PASSWORD say where and who');
  return { url, login, password };
}
