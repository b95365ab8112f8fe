import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import { answered, api } from '../api/client.ts';
import type { Address, Position } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useShortcuts } from '../app/shortcuts.ts';
import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';
import { lookAt } from './camera.ts';

const typing_pause_ms = 180;
const zoom_of: Record<Address['match'], number> = { street: 16, zone: 13.5, asset: 17 };

/** Streets, communes and assets by name; choosing one moves the map there. */
export function AddressSearch() {
  const { t } = useWords();
  const { communeName } = useKinds();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ '$mod+k': () => input.current?.focus() });
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), typing_pause_ms);
    return () => clearTimeout(timer);
  }, [text]);
  const query = useQuery({
    queryKey: ['addresses', asked],
    queryFn: ({ signal }) =>
      answered(api.GET('/api/v1/addresses', { params: { query: { q: asked, limit: 10 } }, signal })),
    enabled: asked.length >= 2,
    placeholderData: keepPreviousData,
  });
  const found = asked.length >= 2 ? (query.data?.rows ?? []) : [];
  const choose = (row: Address | undefined) => {
    if (!row) return;
    lookAt(row.position as Position, zoom_of[row.match]);
    if (row.match === 'asset' && row.code) go({ selection: { type: 'asset', key: row.code } });
    setText('');
    input.current?.blur();
  };
  return (
    <ComboBox
      className="address"
      aria-label={t('address.label')}
      inputValue={text}
      onInputChange={setText}
      items={found.map((row, at) => ({ ...row, id: `${at}` }))}
      value={null}
      onChange={(key) => {
        if (key !== null) choose(found[Number(key)]);
      }}
      menuTrigger="input"
      allowsCustomValue
      allowsEmptyCollection
    >
      <Label className="visually-hidden">{t('address.label')}</Label>
      <Input ref={input} className="input" placeholder={t('address.placeholder')} data-testid="address" />
      <Popover className="popover">
        <ListBox<Address & { id: string }>
          renderEmptyState={() => (
            <p className="popover-item quiet">
              {t(asked.length < 2 ? 'address.more' : query.isFetching ? 'common.loading' : 'address.nothing')}
            </p>
          )}
        >
          {(row) => (
            <ListBoxItem id={row.id} textValue={row.label} className="popover-item">
              <span>{row.label}</span>
              <span className="quiet small">
                {[t(`address.${row.match}`), row.match === 'zone' ? undefined : communeName(row.commune)]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
