import { useWords } from '../i18n/index.ts';
import { age, moment } from './format.ts';
import { useNow } from './useNow.ts';

/** How long ago, growing; the time itself on hover. */
export function Age({ at, className }: { at: string | undefined; className?: string }) {
  const { language } = useWords();
  const now = useNow();
  return (
    <time className={className} dateTime={at} title={moment(at, now, language, true)}>
      {age(at, now, language)}
    </time>
  );
}

export function Moment({ at, seconds }: { at: string | undefined; seconds?: boolean }) {
  const { language } = useWords();
  const now = useNow();
  return <time dateTime={at}>{moment(at, now, language, seconds)}</time>;
}
