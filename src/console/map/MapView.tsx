// The map proper; a chunk of its own, since it weighs more than the rest of the console together.
import 'maplibre-gl/dist/maplibre-gl.css';
import { type GeoJSONSource, Map as GlMap, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { useEffect, useRef, useState } from 'react';
import type { Position } from '../api/types.ts';
import { go, place, usePlace } from '../app/place.ts';
import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';
import { useTheme } from '../ui/theme.ts';
import { useSettled } from '../ui/useSettled.ts';
import { onLook, readView, setBounds, writeView } from './camera.ts';
import { layerOf } from './ground.ts';
import { useOverlays } from './overlays.ts';
import { Picker } from './picking.ts';
import { points, pointsSummary, watchPoints } from './points.ts';
import { PointsLayer } from './points-layer.ts';
import { rankOf } from './ranks.ts';
import { groundStyle, overlayLayers } from './style.ts';

setWorkerUrl(workerUrl);

const pick_px = 9;

interface Hover {
  index: number;
  x: number;
  y: number;
}

/** All that is worth seeing at first: nearly every asset, but not the one that was typed in wrong. */
function home(): [[number, number], [number, number]] {
  const part = (values: Float64Array, share: number) => {
    const sorted = Float64Array.from(values).sort();
    return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  };
  return [
    [part(points.lon, 0.01), part(points.lat, 0.01)],
    [part(points.lon, 0.99), part(points.lat, 0.99)],
  ];
}

function groundRadius(map: GlMap, event: MapMouseEvent): number {
  const beside = map.unproject([event.point.x + pick_px, event.point.y]);
  return event.lngLat.distanceTo(beside);
}

function makeMap(container: HTMLElement, title: string): GlMap {
  const view = readView(place().at);
  const map = new GlMap({
    container,
    style: groundStyle(),
    center: view ? [view.lon, view.lat] : [0, 0],
    zoom: view?.zoom ?? 1,
    fadeDuration: 0,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    canvasContextAttributes: { antialias: false },
    locale: { 'Map.Title': title },
    ...(new URLSearchParams(location.search).has('coarse') ? { pixelRatio: 0.5 } : {}),
  });
  map.touchZoomRotate.disableRotation();
  return map;
}

/** MapLibre draws a sky into every frame, where no pitch can show it too: a sixth of a frame without a graphics card. */
function leaveOutTheSky(map: GlMap) {
  map.style.sky.getEvaluated = () => undefined as never;
}

export interface MapViewProps {
  hidden: ReadonlySet<string>;
  placing: boolean;
  onPlaced: (position: Position) => void;
  onFailed: () => void;
}

export default function MapView(props: MapViewProps) {
  const { t } = useWords();
  const theme = useTheme();
  const { selection } = usePlace();
  const { kinds, kind, kindName } = useKinds();
  const container = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<GlMap | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const layer = useRef<PointsLayer | null>(null);
  const asked = useRef({ props, kind });
  asked.current = { props, kind };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a map is made once a theme
  useEffect(() => {
    const element = container.current;
    if (!element) return;
    let made: GlMap;
    try {
      made = makeMap(element, t('map.title'));
    } catch {
      props.onFailed();
      return;
    }
    const pointsLayer = new PointsLayer(points, (code) => asked.current.kind(code)?.mobile === true);
    const picker = new Picker(points);
    layer.current = pointsLayer;
    let shape = -1;
    let framed = readView(place().at) !== null;
    const follow = () => {
      const summary = pointsSummary();
      if (summary.count === 0) return;
      const anew = summary.shape !== shape;
      shape = summary.shape;
      if (anew) picker.rebuild();
      if (!framed) {
        framed = true;
        made.fitBounds(home(), { padding: 30, animate: false });
      }
      pointsLayer.changed(anew);
      element.dataset.mapRev = String(summary.revision);
    };
    const rank = (index: number) =>
      asked.current.props.hidden.has(points.kinds[points.kind[index] ?? 0] ?? '') ? -1 : rankOf(points.stateOf(index));
    const under = (event: MapMouseEvent) =>
      picker.pick(event.lngLat.lng, event.lngLat.lat, groundRadius(made, event), rank);
    made.on('style.load', () => leaveOutTheSky(made));
    made.on('load', () => {
      made.addLayer(pointsLayer.quiet, 'street-names');
      made.addLayer(pointsLayer.wrong);
      for (const one of overlayLayers()) made.addLayer(one);
      for (const name of ['communes', 'streets'] as const) {
        void layerOf(name).then((content) => {
          (made.getSource(name) as GeoJSONSource | undefined)?.setData(content as never);
        });
      }
      follow();
      setMap(made);
      made.once('idle', () => {
        element.dataset.mapReady = 'true';
      });
      made.triggerRepaint();
    });
    made.on('moveend', () => {
      const { lng, lat } = made.getCenter();
      const box = made.getBounds();
      setBounds([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()]);
      if (framed) go({ at: writeView({ zoom: made.getZoom(), lat, lon: lng }) }, 'replace');
    });
    made.on('movestart', () => setHover(null));
    made.on('mousemove', (event) => {
      if (made.isMoving()) return;
      const index = under(event);
      made.getCanvas().style.cursor = index >= 0 ? 'pointer' : '';
      setHover(index < 0 ? null : { index, x: event.point.x, y: event.point.y });
    });
    made.on('mouseout', () => setHover(null));
    made.on('click', (event) => {
      if (asked.current.props.placing) {
        asked.current.props.onPlaced([event.lngLat.lng, event.lngLat.lat]);
        return;
      }
      const incident = made.queryRenderedFeatures(event.point, { layers: ['incidents'] })[0];
      const index = under(event);
      const code = points.codes[index];
      if (incident) go({ selection: { type: 'incident', key: String(incident.properties.number) } });
      else if (code !== undefined) go({ selection: { type: 'asset', key: code } });
    });
    made.on('contextmenu', (event) => asked.current.props.onPlaced([event.lngLat.lng, event.lngLat.lat]));
    onLook(({ zoom, lat, lon }) => made.jumpTo({ center: [lon, lat], zoom }));
    const stop = watchPoints(follow);
    return () => {
      stop();
      onLook(null);
      layer.current = null;
      setMap(null);
      made.remove();
      delete element.dataset.mapReady;
    };
  }, [theme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: which kinds move is known once kinds are read
  useEffect(() => {
    if (!layer.current) return;
    layer.current.hidden = props.hidden;
    layer.current.changed(true);
  }, [props.hidden, map, kinds]);

  useOverlays(map, useSettled(selection));

  const code = hover ? points.codes[hover.index] : undefined;
  return (
    <>
      <div ref={container} className={props.placing ? 'map-canvas map-placing' : 'map-canvas'} data-testid="map" />
      {hover && code !== undefined && (
        <div className="map-tip" style={{ transform: `translate(${hover.x + 14}px, ${hover.y + 14}px)` }}>
          <span className="strong">{code}</span> {kindName(points.kinds[points.kind[hover.index] ?? 0] ?? '')}
          <br />
          {t(`display.${points.stateOf(hover.index)}`)}
        </div>
      )}
    </>
  );
}
