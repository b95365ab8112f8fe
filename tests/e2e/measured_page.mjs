// A console at work on a wall of 1920 x 1080, and what it costs: frames, changed states, clicks.
import { launch, mapReady, openPage, until } from './browser.mjs';

const wall = { viewport: { width: 1920, height: 1080 }, locale: 'fr-FR', colorScheme: 'dark' };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const click_limit_ms = 8000;

/** A share of the values, such as 0.5 for the median; rounded to a tenth. */
export function quantile(values, share) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] * 10) / 10;
}

export class MeasuredPage {
  /** Signs in; `map_s` is the time from the press of the button until the map is drawn. */
  static async open(who) {
    const page = new MeasuredPage();
    page.browser = await launch();
    const { context, page: tab, errors } = await openPage(page.browser, wall);
    Object.assign(page, { tab, errors, topics: new Map(), counts: {} });
    await page.listen(context);
    await tab.goto(who.url);
    await tab.fill('input[name=login]', who.login);
    await tab.fill('input[name=password]', who.password);
    await tab.evaluate(() => addEventListener('submit', () => (window.submittedAt = performance.now()), { capture: true, once: true }));
    await tab.click('[data-testid=sign-in] button[type=submit]');
    await mapReady(tab);
    page.map_s = (await tab.evaluate(() => performance.now() - window.submittedAt)) / 1000;
    await tab.evaluate(() => {
      window.frames = [];
      let last = performance.now();
      const tick = (now) => {
        window.frames.push(now - last);
        last = now;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    return page;
  }

  /** Counts the rows of the stream: a changed state on the map has two columns, a place that moved has more. */
  async listen(context) {
    this.devtools = await context.newCDPSession(this.tab);
    await this.devtools.send('Performance.enable');
    await this.devtools.send('Network.enable');
    this.devtools.on('Network.webSocketFrameSent', ({ response }) => {
      const { type, id, topic } = JSON.parse(response.payloadData);
      if (type === 'subscribe') this.topics.set(id, topic);
    });
    this.devtools.on('Network.webSocketFrameReceived', ({ response }) => {
      const { type, id, rows } = JSON.parse(response.payloadData);
      if (type !== 'delta') return;
      const map = this.topics.get(id) === 'map';
      for (const row of rows) this.count(!map ? 'other_rows' : row.length === 2 ? 'changed_states' : 'moved');
    });
  }

  count(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async mainThread_s() {
    const { metrics } = await this.devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value;
  }

  /** What draws: the name tells whether there is a graphics card. */
  renderer() {
    return this.tab.evaluate(() => {
      const gl = document.createElement('canvas').getContext('webgl2');
      const named = gl?.getExtension('WEBGL_debug_renderer_info');
      return named ? gl.getParameter(named.UNMASKED_RENDERER_WEBGL) : 'unknown';
    });
  }

  /** What a stretch of work costs. `more`: counters, read before and after and told a second. */
  async phase(act, more = async () => ({})) {
    this.counts = {};
    await this.tab.evaluate(() => (window.frames.length = 0));
    const [before, busy, began] = [await more(), await this.mainThread_s(), Date.now()];
    await act();
    const seconds = (Date.now() - began) / 1000;
    const [after, frames] = [await more(), await this.tab.evaluate(() => window.frames)];
    const a_second = (value) => Math.round((value / seconds) * 100) / 100;
    return {
      seconds: Math.round(seconds),
      frame_p50_ms: quantile(frames, 0.5),
      frame_p95_ms: quantile(frames, 0.95),
      frame_max_ms: quantile(frames, 1),
      changed_states_per_s: Math.round((this.counts.changed_states ?? 0) / seconds),
      moved_per_s: Math.round((this.counts.moved ?? 0) / seconds),
      main_thread_busy: a_second((await this.mainThread_s()) - busy),
      ...Object.fromEntries(Object.keys(after).map((name) => [name, a_second(after[name] - before[name])])),
    };
  }

  watch(seconds) {
    return pause(seconds * 1000);
  }

  frame() {
    return this.tab.locator('[data-testid=map] canvas').boundingBox();
  }

  /** To and fro, as a hand does it. */
  async drag(seconds) {
    const box = await this.frame();
    const [x, y] = [box.x + box.width * 0.7, box.y + box.height * 0.6];
    const steps = 20;
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      await this.tab.mouse.move(x, y);
      await this.tab.mouse.down();
      for (let step = 1; step < 2 * steps; step += 1) {
        const far = Math.min(step, 2 * steps - step);
        await this.tab.mouse.move(x - far * 15, y - far * 8);
        await pause(16);
      }
      await this.tab.mouse.up();
    }
  }

  /** Clicks on assets nobody looked at before, near each of `codes`: milliseconds until their values are on the screen. */
  async clicks(codes, points) {
    const { tab } = this;
    const looked = new Set();
    const ms = [];
    for (const code of codes) {
      await tab.keyboard.press('Control+k');
      await tab.keyboard.type(code);
      await tab.keyboard.press('Enter');
      await tab.waitForSelector(`[data-testid=asset-panel]:has-text("${code}")`);
      await tab.click('[data-testid=close-detail]');
      await tab.waitForSelector('[data-testid=asset-panel]', { state: 'detached' });
      const spot = await this.lampNear(code, points, looked);
      if (!spot) continue;
      looked.add(spot.code);
      await this.armClick();
      await tab.mouse.click(spot.x, spot.y);
      const took = await tab.evaluate(() => window.clicked);
      if (took !== null) ms.push(took);
      await tab.keyboard.press('Escape');
    }
    return { clicks: ms.length, of: codes.length, click_p50_ms: quantile(ms, 0.5), click_max_ms: quantile(ms, 1) };
  }

  armClick() {
    return this.tab.evaluate((limit) => {
      window.clicked = new Promise((done) => {
        let pressed;
        addEventListener('pointerdown', (event) => (pressed = event.timeStamp), { once: true, capture: true });
        const observer = new MutationObserver(() => {
          if (pressed === undefined || !document.querySelector('[data-testid=asset-panel] [data-testid=values] td.strong')) return;
          observer.disconnect();
          requestAnimationFrame(() => done(performance.now() - pressed));
        });
        observer.observe(document.body, { childList: true, subtree: true });
        setTimeout(() => done(null), limit);
      });
    }, click_limit_ms);
  }

  /** The light point nearest to the middle, but not in it, and where the screen has it. */
  async lampNear(code, points, looked) {
    const box = await this.frame();
    const at = points.codes.indexOf(code);
    const [zoom, lat, lon] = await until('the map to be there', () => {
      const view = (new URL(this.tab.url()).searchParams.get('at') ?? '').split('/').map(Number);
      return Math.abs(view[1] - points.lat[at]) < 1e-4 && view;
    });
    const degrees = 360 / (512 * 2 ** zoom);
    const found = [];
    points.codes.forEach((one, index) => {
      if (!one.startsWith('PL-') || looked.has(one)) return;
      const x = (points.lon[index] - lon) / degrees;
      const y = (lat - points.lat[index]) / (degrees * Math.cos((lat * Math.PI) / 180));
      const inside = Math.abs(x) < box.width / 2 - 80 && Math.abs(y) < box.height / 2 - 80;
      const distance = Math.hypot(x, y);
      if (inside && distance > 40) found.push({ code: one, distance, x: box.x + box.width / 2 + x, y: box.y + box.height / 2 + y });
    });
    return found.sort((a, b) => a.distance - b.distance)[0];
  }

  async close() {
    await this.browser.close();
  }
}
