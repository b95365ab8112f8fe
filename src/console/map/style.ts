import type { StyleSpecification } from 'maplibre-gl';
import { token } from '../ui/theme.ts';

/** What a tile repeats of its neighbours: half the widest street, in pixels, and some. MapLibre's own 128 draws every street twice. */
const street_buffer = 16;

const empty = { type: 'FeatureCollection' as const, features: [] };
const face = ['Inter Variable', 'sans-serif'];

/** A line a pixel or two wide has no corners to see, and each rounded one is drawn as a fan of triangles. */
const round = (zoom: number, otherwise: string) => ['step', ['zoom'], otherwise, zoom, 'round'] as never;

/** A calm grey ground: communes, streets, names. Nothing here has a colour that means something. */
export function groundStyle(): StyleSpecification {
  const border = token('--map-border');
  const text = { 'text-color': token('--map-text'), 'text-halo-color': token('--map-halo'), 'text-halo-width': 1.5 };
  return {
    version: 8,
    sources: {
      communes: { type: 'geojson', data: empty },
      streets: { type: 'geojson', data: empty, buffer: street_buffer, tolerance: 0.75 },
      incidents: { type: 'geojson', data: empty },
      crews: { type: 'geojson', data: empty },
      chosen: { type: 'geojson', data: empty },
    },
    layers: [
      {
        id: 'land',
        type: 'fill',
        source: 'communes',
        paint: { 'fill-color': token('--map-land'), 'fill-antialias': false },
      },
      {
        id: 'borders',
        type: 'line',
        source: 'communes',
        paint: { 'line-color': border, 'line-width': 1, 'line-opacity': 0.6 },
      },
      {
        id: 'streets',
        type: 'line',
        source: 'streets',
        layout: { 'line-cap': round(14, 'butt'), 'line-join': round(14, 'bevel') },
        paint: {
          'line-color': token('--map-street'),
          'line-width': ['interpolate', ['exponential', 1.6], ['zoom'], 10, 0.6, 14, 2.5, 18, 16],
        },
      },
      {
        id: 'street-names',
        type: 'symbol',
        source: 'streets',
        minzoom: 15,
        layout: {
          'symbol-placement': 'line',
          'text-field': ['coalesce', ['get', 'name'], ''],
          'text-font': face,
          'text-size': 11,
        },
        paint: text,
      },
      {
        id: 'commune-names',
        type: 'symbol',
        source: 'communes',
        maxzoom: 15,
        layout: { 'text-field': ['coalesce', ['get', 'name'], ''], 'text-font': face, 'text-size': 12 },
        paint: text,
      },
    ],
  };
}

/** What people do about it, above the points. */
export function overlayLayers(): StyleSpecification['layers'] {
  const priority = ['match', ['get', 'priority'], 1, token('--p1'), 2, token('--p2'), 3, token('--p3'), token('--p4')];
  return [
    {
      id: 'incidents',
      type: 'circle',
      source: 'incidents',
      paint: {
        'circle-radius': 13,
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-width': 2,
        'circle-stroke-color': priority as never,
      },
    },
    {
      id: 'incident-numbers',
      type: 'symbol',
      source: 'incidents',
      layout: {
        'text-field': ['get', 'label'],
        'text-font': face,
        'text-size': 11,
        'text-offset': [0, 2.1],
        'text-allow-overlap': true,
      },
      paint: { 'text-color': token('--text'), 'text-halo-color': token('--map-ground'), 'text-halo-width': 2 },
    },
    {
      id: 'crews',
      type: 'symbol',
      source: 'crews',
      layout: {
        'text-field': ['get', 'label'],
        'text-font': face,
        'text-size': 12,
        'text-allow-overlap': true,
      },
      paint: {
        'text-color': token('--map-ground'),
        'text-halo-color': token('--text'),
        'text-halo-width': 4,
        'text-opacity': ['case', ['get', 'old'], 0.55, 1],
      },
    },
    {
      id: 'chosen',
      type: 'circle',
      source: 'chosen',
      paint: {
        'circle-radius': 17,
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-width': 3,
        'circle-stroke-color': token('--focus'),
      },
    },
  ];
}
