import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { cell_px, cells, drawAtlas, moving_cell } from '../map/atlas.ts';
import { display_order, priorityOf } from '../map/ranks.ts';
import { groundStyle, overlayLayers } from '../map/style.ts';

/** Red, green and blue of a grey lie no further apart than this, of 255: the greys here are a little blue. */
const grey_spread_max = 20;
/** And those of a priority at least so far: nobody takes it for grey. */
const colour_spread_min = 100;
/** How far two priorities lie apart in the cube of red, green and blue. */
const priorities_apart_min = 40;

const top = join(import.meta.dirname, '..');
const text = (path: string) => readFileSync(join(top, path), 'utf8');
const priorities = [1, 2, 3, 4];

/** What the browser computes from ui/tokens.css in that theme: of equal weight, the later rule wins. */
function tokensOf(theme: string): Map<string, string> {
  const tokens = new Map<string, string>();
  for (const [, selectors, body] of text('ui/tokens.css').matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    const names = selectors!.replaceAll(/\/\*.*?\*\//gs, '').split(',');
    if (!names.some((name) => [':root', `:root[data-theme="${theme}"]`].includes(name.trim()))) continue;
    for (const [, name, value] of body!.matchAll(/(--[\w-]+):\s*([^;]+);/g)) tokens.set(name!, value!);
  }
  return tokens;
}

function channels(colour: string): number[] {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) throw new Error(`not read as a colour: "${colour}"`);
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

const spread = (colour: string) => Math.max(...channels(colour)) - Math.min(...channels(colour));
const notGrey = (colours: string[] = []) => colours.filter((colour) => spread(colour) > grey_spread_max);
const apart = (one: string, other: string) =>
  Math.hypot(...channels(one).map((part, at) => part - channels(other)[at]!));

/** A pen that draws nothing and keeps which colours went into which cell of the atlas. */
class Pen {
  fillStyle = '';
  strokeStyle = '';
  readonly used = Array.from({ length: cells }, () => new Set<string>());
  private x = 0;
  private scaled = 1;
  private kept: [string, string, number, number][] = [];

  save() {
    this.kept.push([this.fillStyle, this.strokeStyle, this.x, this.scaled]);
  }
  restore() {
    [this.fillStyle, this.strokeStyle, this.x, this.scaled] = this.kept.pop()!;
  }
  translate(x: number) {
    this.x += x * this.scaled;
  }
  scale(by: number) {
    this.scaled *= by;
  }
  fill() {
    this.used[Math.floor(this.x / cell_px)]!.add(this.fillStyle);
  }
  fillText() {
    this.fill();
  }
  stroke() {
    this.used[Math.floor(this.x / cell_px)]!.add(this.strokeStyle);
  }
  beginPath() {}
  moveTo() {}
  lineTo() {}
  arc() {}
  clip() {}
  setLineDash() {}
}

/** The colours of each symbol of the map, in the order of the atlas. */
function drawn(): string[][] {
  const pen = new Pen();
  vi.stubGlobal('document', { documentElement: {}, createElement: () => ({ getContext: () => pen }) });
  vi.stubGlobal('Path2D', class {});
  drawAtlas();
  return pen.used.map((colours) => [...colours]);
}

/** Every value of a paint property whose name says that it is a colour, but nothing; of an expression, its colours. */
function painted(layers: { id: string; paint?: object }[]): { id: string; colours: string[] }[] {
  const colours = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.flat(9).filter((part) => String(part).startsWith('#'));
    return value === 'rgba(0,0,0,0)' ? [] : [String(value)];
  };
  return layers.map(({ id, paint = {} }) => ({
    id,
    colours: Object.entries(paint).flatMap(([name, value]) => (name.endsWith('-color') ? colours(value) : [])),
  }));
}

describe.each(['dark', 'light'])('the colours of the map, %s', (theme) => {
  beforeEach(() => {
    const tokens = tokensOf(theme);
    vi.stubGlobal('document', { documentElement: {} });
    vi.stubGlobal('getComputedStyle', () => ({ getPropertyValue: (name: string) => tokens.get(name) ?? '' }));
  });

  it('are grey for every state that is no alarm', () => {
    const colours = drawn();
    const calm = display_order.filter((state) => priorityOf(state) === 0);
    expect(calm).toEqual(expect.arrayContaining(['normal', 'stale', 'unknown', 'unpowered', 'not_in_service']));
    for (const [at, state] of display_order.entries()) {
      expect(colours[at]!.length, state).toBeGreaterThan(0);
      if (priorityOf(state) === 0) expect(notGrey(colours[at]), state).toEqual([]);
    }
    expect(colours[moving_cell]!.length).toBeGreaterThan(0);
    expect(notGrey(colours[moving_cell]), 'what moves and is well').toEqual([]);
  });

  it('are one of its own for each priority, the same for its alarm and its incident', () => {
    const colours = drawn();
    const alarms = priorities.map((priority) => {
      const meant = notGrey(colours[display_order.indexOf(`alarm_${priority}` as never)]);
      expect(meant, `priority ${priority}`).toHaveLength(1);
      return meant[0]!;
    });
    for (const [at, one] of alarms.entries()) {
      expect(spread(one), `priority ${at + 1}`).toBeGreaterThanOrEqual(colour_spread_min);
      for (const other of alarms.slice(at + 1)) {
        expect(apart(one, other), `${one} ${other}`).toBeGreaterThanOrEqual(priorities_apart_min);
      }
    }
    expect(painted(overlayLayers()).find(({ id }) => id === 'incidents')?.colours).toEqual(alarms);
  });

  it('are grey in the legend too, but for the alarms', () => {
    const tokens = tokensOf(theme);
    const rules = [...text('map/map.css').matchAll(/^\.legend[^{]*\{([^}]*)\}/gm)].map(([, body]) => body!).join('');
    const values = [...rules.matchAll(/\b(?:fill|stroke|color|background): ([^;]+);/g)].map(([, value]) => value!);
    const used = values.filter((value) => value !== 'none').map((value) => /^var\((.+)\)$/.exec(value)?.[1] ?? value);
    expect(used).toContain('--normal');
    expect(notGrey(used.map((name) => tokens.get(name) ?? name))).toEqual([]);
  });

  it('mean nothing on the ground', () => {
    const ground = painted(groundStyle().layers);
    expect(ground.flatMap(({ colours }) => colours).length).toBeGreaterThan(4);
    for (const { id, colours } of ground) expect(notGrey(colours), id).toEqual([]);
  });
});

describe('the symbols of the map', () => {
  it('are there for every state that the server may say', () => {
    const said = /^ {4}DisplayState: .*enum: \[([^\]]+)\]/m.exec(text('../../docs/openapi.yaml'));
    expect([...display_order].sort()).toEqual(said?.[1]?.split(', ').sort());
  });

  it('have the colours of their priorities in lists too', () => {
    const css = text('ui/base.css');
    for (const priority of priorities) {
      expect(css).toMatch(new RegExp(`\\.mark-${priority} path \\{\\s*fill: var\\(--p${priority}\\);\\s*\\}`));
    }
  });
});
