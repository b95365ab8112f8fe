import { useWords } from '../i18n/index.ts';
import { dismiss, useNotices } from './notices.ts';

export function Notices() {
  const { t } = useWords();
  const notices = useNotices();
  return (
    <div className="notices" role="status">
      {notices.map((one) => (
        <p key={one.number} className="notice" data-testid="notice">
          <span>{one.text}</span>
          <button type="button" className="button button-plain" onClick={() => dismiss(one.number)}>
            {t('common.dismiss')}
          </button>
        </p>
      ))}
    </div>
  );
}
