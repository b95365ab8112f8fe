import { useRef } from 'react';
import type { Address, Position } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useShortcuts } from '../app/shortcuts.ts';
import { useWords } from '../i18n/index.ts';
import { AddressBox } from './AddressBox.tsx';
import { lookAt } from './camera.ts';

const zoom_of: Record<Address['match'], number> = { street: 16, zone: 13.5, asset: 17 };

/** The search of the top bar: choosing something moves the map there, and selects it when it is an asset. */
export function AddressSearch() {
  const { t } = useWords();
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ '$mod+k': () => input.current?.focus() });
  const choose = (row: Address) => {
    lookAt(row.position as Position, zoom_of[row.match]);
    if (row.match === 'asset' && row.code) go({ selection: { type: 'asset', key: row.code } });
    input.current?.blur();
  };
  return (
    <AddressBox
      label={t('address.label')}
      placeholder={t('address.placeholder')}
      testId="address"
      onChoose={choose}
      input={input}
    />
  );
}
