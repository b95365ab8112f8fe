// A long list that stays under the operator's hands: arrows choose, rows that come in move nothing under the pointer.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { type Held, held, moved } from './anchor.ts';

export const row_height_px = 50;

interface Props<Row> {
  id: string;
  label: string;
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  selected: string | null;
  onSelect: (row: Row, how: 'arrow' | 'click') => void;
  onOpen: (row: Row) => void;
  /** Single letters, heard only while the list has the focus. */
  letters?: Record<string, (row: Row) => void>;
  children: (row: Row) => ReactNode;
  empty: string;
  rowTestId?: string;
}

export function EntryList<Row>(props: Props<Row>) {
  const { rows, keyOf, selected } = props;
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const keys = useMemo(() => rows.map(keyOf), [rows, keyOf]);
  const anchor = useRef<Held | null>(null);
  const before = useRef<ReadonlySet<string>>(new Set());
  const revealed = useRef<string | null>(null);
  const [unseen, setUnseen] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => row_height_px,
    getItemKey: (index) => keys[index] ?? index,
    overscan: 6,
  });
  const index = selected === null ? -1 : keys.indexOf(selected);

  useLayoutEffect(() => {
    const box = scroller.current;
    const holds = box && (box.scrollTop > 0 || box.matches(':hover') || box.contains(document.activeElement));
    if (box && holds && anchor.current) {
      const to = moved(before.current, keys, anchor.current, row_height_px);
      if (to) {
        if (to.scrollTop !== box.scrollTop) box.scrollTop = to.scrollTop;
        if (to.newAbove > 0) setUnseen((count) => count + to.newAbove);
      }
    }
    before.current = new Set(keys);
    anchor.current = box ? held(keys, box.scrollTop, row_height_px) : null;
  }, [keys]);

  // What was chosen elsewhere (on the map, by its address) comes into view once; rows moving later do not pull it back.
  useEffect(() => {
    if (index < 0 || revealed.current === selected) return;
    revealed.current = selected;
    virtual.scrollToIndex(index, { align: 'auto' });
  }, [index, selected, virtual]);

  const choose = (to: number) => {
    const bounded = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[bounded];
    if (row === undefined) return;
    virtual.scrollToIndex(bounded, { align: 'auto' });
    props.onSelect(row, 'arrow');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / row_height_px) - 1);
    const steps: Record<string, () => void> = {
      ArrowDown: () => choose(index + 1),
      ArrowUp: () => choose(index < 0 ? 0 : index - 1),
      PageDown: () => choose(Math.max(0, index) + page),
      PageUp: () => choose(Math.max(0, index) - page),
      Home: () => choose(0),
      End: () => choose(rows.length - 1),
    };
    const row = rows[index];
    const act =
      steps[event.key] ??
      (row === undefined
        ? undefined
        : event.key === 'Enter'
          ? () => props.onOpen(row)
          : props.letters?.[event.key.toLowerCase()]?.bind(null, row));
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const toTop = () => {
    scroller.current?.scrollTo({ top: 0 });
    setUnseen(0);
  };

  return (
    <div className="entry-frame">
      {unseen > 0 && (
        <button type="button" className="button button-primary entry-new" onClick={toTop} data-testid="new-rows">
          {t('queue.new', { count: unseen })} ↑
        </button>
      )}
      <div
        ref={scroller}
        className="entry-scroll"
        onScroll={(event) => {
          anchor.current = held(keys, event.currentTarget.scrollTop, row_height_px);
          if (event.currentTarget.scrollTop === 0) setUnseen(0);
        }}
      >
        {rows.length === 0 && <p className="entry-empty quiet">{props.empty}</p>}
        <div
          ref={list}
          id={props.id}
          role="listbox"
          aria-label={props.label}
          tabIndex={0}
          className="entry-list"
          style={{ height: virtual.getTotalSize() }}
          aria-activedescendant={index >= 0 ? `${props.id}-${index}` : undefined}
          onKeyDown={onKeyDown}
          data-testid={props.id}
          data-count={rows.length}
        >
          {virtual.getVirtualItems().map((one) => {
            const row = rows[one.index];
            if (row === undefined) return null;
            const key = keys[one.index] ?? '';
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list hears the keys for its options
              <div
                key={key}
                id={`${props.id}-${one.index}`}
                role="option"
                tabIndex={-1}
                aria-selected={key === selected}
                aria-setsize={rows.length}
                aria-posinset={one.index + 1}
                className="entry"
                data-key={key}
                data-testid={props.rowTestId}
                style={{ transform: `translateY(${one.start}px)`, height: row_height_px }}
                onClick={() => {
                  list.current?.focus({ preventScroll: true });
                  props.onSelect(row, 'click');
                }}
                onDoubleClick={() => props.onOpen(row)}
              >
                {props.children(row)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
