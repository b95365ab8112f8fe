import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Kind, Property } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { clock } from '../live/clock.ts';
import { localeOf, moment, number } from '../ui/format.ts';
import { token, useTheme } from '../ui/theme.ts';
import {
  type Hole,
  holeAt,
  holesOf,
  holesTold,
  line,
  nearest,
  type Point,
  pointsOf,
  type Segment,
  segments,
} from './history.ts';
import { useHistory } from './useHistory.ts';
import { printed, propertyName, propertyOf } from './value.ts';

const chart_height_px = 120;
// The ribbons of states stand under the same hours as the lines: assets.css has the same margins.
const plot_left_px = 52;
const plot_right_px = 14;
const hour_ms = 3_600_000;
const spans_h = [1, 24];
const table_rows_max = 300;

function hatch(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 8;
  tile.height = 8;
  const pen = tile.getContext('2d');
  if (!pen) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(0, 8);
  pen.lineTo(8, 0);
  pen.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}

interface Drawn {
  points: Point[];
  holes: Hole[];
  from: number;
  to: number;
  property: Property | undefined;
  label: string;
  condensed_before: number | undefined;
  shown_since: number | undefined;
}

const whole_steps = [1, 10, 100, 1000, 10_000, 100_000].flatMap((power) => [power, 2 * power, 5 * power]);

/** Numbers of plans and of lamps: there is nothing between two of them. */
function isCount(drawn: Drawn): boolean {
  return !drawn.property?.unit && drawn.points.every((point) => Number.isInteger(point.value));
}

function plotOptions(drawn: Drawn, width: number, language: string, read: (at: number | null) => void): uPlot.Options {
  const grid = { stroke: token('--line'), width: 1 };
  const axis = { stroke: token('--text-2'), grid, ticks: grid, font: '11px "Inter Variable", sans-serif' };
  const hour = new Intl.DateTimeFormat(localeOf(language), { hour: '2-digit', minute: '2-digit' });
  return {
    width,
    height: chart_height_px,
    padding: [8, plot_right_px, 0, 0],
    legend: { show: false },
    cursor: { y: false, sync: { key: 'day' }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: [drawn.from / 1000, drawn.to / 1000] } },
    axes: [
      { ...axis, size: 28, values: (_plot, ticks) => ticks.map((tick) => hour.format(tick * 1000)) },
      { ...axis, size: plot_left_px, ...(isCount(drawn) && { incrs: whole_steps }) },
    ],
    series: [
      { label: 't' },
      { label: drawn.label, stroke: token('--series-1'), width: 1.5, spanGaps: false, points: { size: 3 } },
    ],
    hooks: {
      drawClear: [
        (plot) => {
          plot.ctx.save();
          plot.ctx.fillStyle = hatch(plot.ctx, token('--line'));
          for (const hole of drawn.holes) {
            const left = plot.valToPos(Math.max(hole.from, drawn.from) / 1000, 'x', true);
            const right = plot.valToPos(Math.min(hole.to, drawn.to) / 1000, 'x', true);
            if (right > left) plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
          }
          plot.ctx.restore();
        },
      ],
      setCursor: [
        (plot) => {
          const left = plot.cursor.left ?? -1;
          read(left < 0 ? null : plot.posToVal(left, 'x') * 1000);
        },
      ],
    },
  };
}

/** What of the hours shown is not drawn as it was said, or not at all. */
function Lacking({ drawn, named }: { drawn: Drawn; named?: boolean }) {
  const { t, language } = useWords();
  const { condensed_before, shown_since } = drawn;
  const since = condensed_before ?? shown_since;
  if (since === undefined || since <= drawn.from) return null;
  const at = moment(new Date(since).toISOString(), clock.now(), language);
  const says = condensed_before === undefined ? t('history.shown_since', { at }) : t('history.condensed', { at });
  return <p className="chart-lacking quiet small">{named ? t('common.said', { what: drawn.label, says }) : says}</p>;
}

function Chart({ drawn }: { drawn: Drawn }) {
  const { t, language } = useWords();
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes the colours that are read
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const data = line(drawn.points, drawn.holes) as uPlot.AlignedData;
    const plot = new uPlot(plotOptions(drawn, element.clientWidth || 400, language, setAt), data, element);
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: chart_height_px }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [drawn, language, theme]);
  const last = drawn.points.at(-1);
  const hole = at === null ? undefined : holeAt(drawn.holes, at);
  const point = at === null ? last : nearest(drawn.points, at);
  const now = clock.now();
  return (
    <figure className="chart">
      <figcaption>
        <span>{drawn.label}</span>
        <span className="quiet">
          {hole
            ? `${t('history.gap')} ${moment(new Date(hole.from).toISOString(), now, language)}–${moment(new Date(hole.to).toISOString(), now, language)} : ${t(`gap.${hole.cause}`)}`
            : point &&
              `${moment(new Date(point.at).toISOString(), now, language)} · ${printed(point.value, drawn.property, language)}`}
        </span>
      </figcaption>
      <div ref={box} role="img" aria-label={t('history.chart_label', { name: drawn.label })} />
      <Lacking drawn={drawn} />
    </figure>
  );
}

/** What lasts longest is the usual, and drawn quietly; of yes and no, no. */
function usualFirst(stretches: readonly Segment[]): string[] {
  const lasted = new Map<string, number>();
  for (const { value, from, to } of stretches) lasted.set(value, (lasted.get(value) ?? 0) + to - from);
  const off = (value: string) => (value === 'false' || value === '0' ? 1 : 0);
  return [...lasted.keys()].sort((a, b) => off(b) - off(a) || (lasted.get(b) ?? 0) - (lasted.get(a) ?? 0));
}

function Ribbon({ drawn }: { drawn: Drawn }) {
  const { t, language } = useWords();
  const span = drawn.to - drawn.from;
  const x = (at: number) => `${(100 * (Math.max(at, drawn.from) - drawn.from)) / span}%`;
  const width = (from: number, to: number) => `${(100 * Math.max(0, to - Math.max(from, drawn.from))) / span}%`;
  const stretches = segments(drawn.points, drawn.holes, drawn.to);
  const values = usualFirst(stretches);
  const now = clock.now();
  const last = drawn.points.at(-1);
  const causes = [...new Set(drawn.holes.map((hole) => t(`gap.${hole.cause}`)))].join(', ');
  const name = (value: string) =>
    printed(
      drawn.property?.type === 'boolean'
        ? value === 'true' || value === '1'
        : Number.isNaN(Number(value))
          ? value
          : Number(value),
      drawn.property,
      language,
    );
  return (
    <figure className="chart">
      <figcaption>
        <span>{drawn.label}</span>
        <span className="quiet">
          {last ? name(String(last.value)) : t('common.said', { what: t('history.unheard'), says: causes })}
        </span>
      </figcaption>
      <svg className="ribbon" role="img" aria-label={t('history.chart_label', { name: drawn.label })}>
        <defs>
          <pattern id="hole" width="8" height="8" patternUnits="userSpaceOnUse">
            <path d="M0 8L8 0" className="ribbon-hatch" />
          </pattern>
        </defs>
        {drawn.holes.map((hole) => (
          <rect key={hole.from} x={x(hole.from)} width={width(hole.from, hole.to)} height="100%" fill="url(#hole)">
            <title>{t(`gap.${hole.cause}`)}</title>
          </rect>
        ))}
        {stretches.map((one) => (
          <rect
            key={one.from}
            x={x(one.from)}
            width={width(one.from, one.to)}
            height="100%"
            className={`ribbon-${values.indexOf(one.value) % 4}`}
          >
            <title>{`${name(one.value)} ${moment(new Date(one.from).toISOString(), now, language)}–${moment(new Date(one.to).toISOString(), now, language)}`}</title>
          </rect>
        ))}
      </svg>
      <p className="ribbon-key quiet small">
        {values.map((value, index) => (
          <span key={value}>
            <svg width="12" height="12" aria-hidden="true">
              <rect width="12" height="12" className={`ribbon-${index % 4}`} />
            </svg>{' '}
            {name(value)}
          </span>
        ))}
      </p>
      <Lacking drawn={drawn} />
    </figure>
  );
}

function Table({ all }: { all: Drawn[] }) {
  const { t, language } = useWords();
  const now = clock.now();
  const when = (at: number) => moment(new Date(at).toISOString(), now, language, true);
  const rows = [
    ...holesTold(all).map(({ hole, labels }) => ({
      at: hole.from,
      name: labels.length === all.length ? t('history.gap') : `${t('history.gap')} – ${labels.join(', ')}`,
      value: t('common.said', { what: `${t('history.until')} ${when(hole.to)}`, says: t(`gap.${hole.cause}`) }),
    })),
    ...all.flatMap((one) =>
      one.points.map((point) => ({
        at: point.at,
        name: one.label,
        value: printed(point.value, one.property, language),
      })),
    ),
  ].sort((a, b) => b.at - a.at);
  return (
    <>
      {all.map((one) => (
        <Lacking key={one.label} drawn={one} named />
      ))}
      <table>
        <thead>
          <tr>
            <th scope="col">{t('history.time')}</th>
            <th scope="col">{t('asset.property')}</th>
            <th scope="col" className="number">
              {t('asset.value')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, table_rows_max).map((row) => (
            <tr key={`${row.at}${row.name}`}>
              <td>{when(row.at)}</td>
              <td>{row.name}</td>
              <td className="number">{row.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > table_rows_max && (
        <p className="quiet small">
          {t('history.newest', {
            shown: number(table_rows_max, language),
            all: number(rows.length, language),
          })}
        </p>
      )}
    </>
  );
}

/** The last 24 hours of every property. Where nothing was heard nothing is drawn, and the cause is told. */
export default function History({ code, kind }: { code: string; kind: Kind | undefined }) {
  const { t, said, language } = useWords();
  const [table, setTable] = useState(false);
  const [hours, setHours] = useState(24);
  const query = useHistory(code, kind);
  // biome-ignore lint/correctness/useExhaustiveDependencies: labels follow the language
  const all = useMemo<Drawn[]>(() => {
    if (!query.data) return [];
    const { from, to, properties } = query.data;
    return properties
      .map(({ series, gaps, condensed_before, shown_since }) => {
        const property = propertyOf(kind, series.property);
        return {
          points: pointsOf(series),
          holes: holesOf(gaps),
          from: Math.max(Date.parse(from), Date.parse(to) - hours * hour_ms),
          to: Date.parse(to),
          property,
          label: said(property?.name) || propertyName(kind, series.property),
          condensed_before,
          shown_since,
        };
      })
      .filter(
        (one) => one.property?.type !== 'position' && (one.shown_since || one.points.length + one.holes.length > 0),
      );
  }, [query.data, kind, language, hours]);
  return (
    <section className="panel-part" data-testid="history" data-ready={query.isSuccess}>
      <div className="part-head">
        <h3>{t('history.title')}</h3>
        {all.length > 0 && !table && (
          <fieldset className="spans" aria-label={t('history.span')}>
            {spans_h.map((one) => (
              <button
                key={one}
                type="button"
                className="button"
                aria-pressed={hours === one}
                onClick={() => setHours(one)}
              >
                {one} h
              </button>
            ))}
          </fieldset>
        )}
        {all.length > 0 && (
          <button type="button" className="button" aria-pressed={table} onClick={() => setTable(!table)}>
            {t('history.table')}
          </button>
        )}
      </div>
      {query.isSuccess && all.length === 0 && <p className="quiet">{t('history.nothing')}</p>}
      {table ? (
        <Table all={all} />
      ) : (
        all.map((drawn) =>
          drawn.property?.type === 'boolean' ||
          drawn.property?.type === 'code' ||
          typeof drawn.points[0]?.value !== 'number' ? (
            <Ribbon key={drawn.label} drawn={drawn} />
          ) : (
            <Chart key={drawn.label} drawn={drawn} />
          ),
        )
      )}
    </section>
  );
}
