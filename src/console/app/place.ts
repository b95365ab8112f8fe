// Where the console is: all of it stands in the address, so that it can be sent to a colleague or kept.
import { useSyncExternalStore } from 'react';

export type Tab = 'queue' | 'maintenance' | 'interventions';
export type Selection = { type: 'alarm' | 'incident' | 'asset'; key: string };

export interface Place {
  page: 'operations' | 'logbook';
  tab: Tab;
  desk: string;
  show: string;
  filter: string;
  view: 'map' | 'list';
  selection: Selection | null;
  /** zoom/latitude/longitude */
  at: string;
}

const fixed: Place = {
  page: 'operations',
  tab: 'queue',
  desk: '',
  show: '',
  filter: '',
  view: 'map',
  selection: null,
  at: '',
};

export function readPlace(search: string): Place {
  const asked = new URLSearchParams(search);
  const one = <Value extends string>(name: string, values: readonly Value[], otherwise: Value): Value => {
    const found = asked.get(name) as Value | null;
    return found && values.includes(found) ? found : otherwise;
  };
  const [type, ...rest] = (asked.get('select') ?? '').split(':');
  const key = rest.join(':');
  const selection = key && (type === 'alarm' || type === 'incident' || type === 'asset') ? { type, key } : null;
  return {
    page: one('page', ['operations', 'logbook'], fixed.page),
    tab: one('tab', ['queue', 'maintenance', 'interventions'], fixed.tab),
    desk: asked.get('desk') ?? '',
    show: asked.get('show') ?? '',
    filter: asked.get('q') ?? '',
    view: one('view', ['map', 'list'], fixed.view),
    selection: selection as Selection | null,
    at: asked.get('at') ?? '',
  };
}

export function writePlace(place: Place): string {
  const said = new URLSearchParams();
  if (place.page !== fixed.page) said.set('page', place.page);
  if (place.tab !== fixed.tab) said.set('tab', place.tab);
  if (place.desk) said.set('desk', place.desk);
  if (place.show) said.set('show', place.show);
  if (place.filter) said.set('q', place.filter);
  if (place.view !== fixed.view) said.set('view', place.view);
  if (place.selection) said.set('select', `${place.selection.type}:${place.selection.key}`);
  if (place.at) said.set('at', place.at);
  const text = said.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
  return text ? `?${text}` : '';
}

let present = readPlace(location.search);
const listeners = new Set<() => void>();

addEventListener('popstate', () => {
  present = readPlace(location.search);
  for (const listener of listeners) listener();
});

/** What a person chose can be gone back from; what follows them (the map's view, a filter being typed) cannot. */
export function go(change: Partial<Place>, how: 'push' | 'replace' = 'push') {
  const next = { ...present, ...change };
  const address = `${location.pathname}${writePlace(next)}`;
  present = next;
  if (address !== location.pathname + location.search) {
    if (how === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
  for (const listener of listeners) listener();
}

export const place = (): Place => present;

export function usePlace(): Place {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, place);
}
