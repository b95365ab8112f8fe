import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Intervention, Position } from '../api/types.ts';
import type { Answer, Shelf } from './outbox.ts';

export interface Person {
  login: string;
  name: string;
  crew: string;
}

export interface Kept {
  person?: Person;
  interventions?: { rows: Intervention[]; at: string };
  /** `fixed_at`: by the telephone's clock; it is put right when sent. */
  position?: { fixed_at: number; position: Position; by: string; crew: string };
}

interface Pocket extends DBSchema {
  answers: { key: string; value: Answer };
  kept: { key: string; value: unknown };
}

let opened: Promise<IDBPDatabase<Pocket>> | undefined;

function pocket() {
  opened ??= openDB<Pocket>('vigie-crew', 1, {
    upgrade(made) {
      made.createObjectStore('answers', { keyPath: 'key' });
      made.createObjectStore('kept');
    },
  });
  return opened;
}

export const shelf: Shelf = {
  all: async () => (await pocket()).getAll('answers'),
  put: async (answer) => {
    await (await pocket()).put('answers', answer);
  },
  remove: async (key) => {
    await (await pocket()).delete('answers', key);
  },
};

/** What the page shows when it opens without network. */
export async function keep<Name extends keyof Kept>(name: Name, value: Kept[Name]): Promise<void> {
  const base = await pocket();
  if (value === undefined) await base.delete('kept', name);
  else await base.put('kept', value, name);
}

export async function kept<Name extends keyof Kept>(name: Name): Promise<Kept[Name]> {
  return (await (await pocket()).get('kept', name)) as Kept[Name];
}
