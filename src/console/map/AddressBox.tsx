import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type Ref, useEffect, useState } from 'react';
import { ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';
import { answered, api } from '../api/client.ts';
import type { Address } from '../api/types.ts';
import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';

const typing_pause_ms = 180;

interface Props {
  label: string;
  placeholder: string;
  testId: string;
  onChoose: (row: Address) => void;
  /** Shows its label above, as a field of a form does. */
  labelled?: boolean;
  input?: Ref<HTMLInputElement>;
}

/** Streets, communes and assets by name, as somebody types. Empties itself once one is chosen. */
export function AddressBox({ label, placeholder, testId, onChoose, labelled, input }: Props) {
  const { t } = useWords();
  const { communeName } = useKinds();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  // Enter without a choice takes the first found, be it still on its way.
  const [hurried, setHurried] = useState(false);
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
  const choose = (row: Address) => {
    setHurried(false);
    setText('');
    onChoose(row);
  };
  const told = asked === text.trim() && asked.length >= 2 && !query.isPlaceholderData && !query.isFetching;
  // biome-ignore lint/correctness/useExhaustiveDependencies: when what was asked for is there, and once
  useEffect(() => {
    if (!hurried || !told) return;
    setHurried(false);
    if (found[0]) choose(found[0]);
  }, [hurried, told]);
  return (
    <ComboBox
      className={labelled ? 'field' : 'address'}
      inputValue={text}
      onInputChange={(next) => {
        setText(next);
        setHurried(false);
      }}
      items={found.map((row, at) => ({ ...row, id: `${at}` }))}
      value={null}
      onChange={(key) => {
        const row = key === null ? undefined : found[Number(key)];
        if (row) choose(row);
      }}
      menuTrigger="input"
      allowsCustomValue
      allowsEmptyCollection
    >
      <Label className={labelled ? undefined : 'visually-hidden'}>{label}</Label>
      <Input
        ref={input}
        className="input"
        placeholder={placeholder}
        data-testid={testId}
        onKeyDownCapture={(event) => {
          if (event.key !== 'Enter' || event.nativeEvent.isComposing || text.trim() === '') return;
          if (event.currentTarget.getAttribute('aria-activedescendant')) return;
          event.preventDefault();
          event.stopPropagation();
          setHurried(true);
        }}
      />
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
