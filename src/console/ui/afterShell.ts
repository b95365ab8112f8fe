import { type ComponentType, createElement, useEffect, useState } from 'react';
import { t } from '../i18n/index.ts';

const after_load_ms = 1500;

/**
 * A part of the page that is read after the shell and before anybody asks for it: it costs the first sight nothing, opens at
 * once, and is there when the link is not. `meanwhile` holds its place.
 */
export function afterShell<Props extends object>(
  read: () => Promise<ComponentType<Props>>,
  meanwhile?: ComponentType,
): ComponentType<Props> {
  let part: ComponentType<Props> | undefined;
  let reading: Promise<void> | undefined;
  const once = () => {
    reading ??= read().then(
      (component) => {
        part = component;
      },
      (error: unknown) => {
        reading = undefined;
        throw error;
      },
    );
    return reading;
  };
  // What fails now is told when the part is asked for.
  addEventListener('load', () => setTimeout(() => void once().catch(() => undefined), after_load_ms), { once: true });
  return function AfterShell(props: Props) {
    const [state, setState] = useState<'reading' | 'there' | 'missing'>(part ? 'there' : 'reading');
    useEffect(() => {
      if (state !== 'reading') return;
      once().then(
        () => setState('there'),
        () => setState('missing'),
      );
    }, [state]);
    if (part) return createElement(part, props);
    if (state !== 'missing') return meanwhile ? createElement(meanwhile) : null;
    return createElement('p', { className: 'refusal part-missing', role: 'alert' }, t('common.part_missing'));
  };
}
