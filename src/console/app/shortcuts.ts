import { useEffect, useRef } from 'react';
import { tinykeys } from 'tinykeys';

type Acts = Record<string, (event: KeyboardEvent) => void>;

function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return !!target?.closest('input, textarea, select, [contenteditable], [role=combobox]');
}

function asking(): boolean {
  return document.querySelector('[role=dialog], [role=alertdialog]') !== null;
}

const whileTyping = /^(F\d+|Control\+|\$mod\+)/;

/** Keys of the whole page. Single characters are not heard while somebody types, none while a question is open. */
export function useShortcuts(acts: Acts) {
  const present = useRef(acts);
  present.current = acts;
  const names = Object.keys(acts).join(' ');
  useEffect(() => {
    const bound: Acts = {};
    for (const name of names.split(' ')) {
      bound[name] = (event) => {
        if (asking() || (typing(event) && !whileTyping.test(name))) return;
        if (name.length === 1 && (event.ctrlKey || event.metaKey || event.altKey)) return;
        event.preventDefault();
        present.current[name]?.(event);
      };
    }
    // tinykeys matches a shifted character such as ? only with its modifier spelled out.
    const keys: Acts = {};
    for (const [name, act] of Object.entries(bound)) {
      keys[name] = act;
      if (name === '?' || name === '/') keys[`Shift+${name}`] = act;
    }
    return tinykeys(window, keys);
  }, [names]);
}
