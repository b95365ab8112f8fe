import { useWords } from '../i18n/index.ts';
import { Dialog } from '../ui/Dialog.tsx';

const keys = [
  ['Ctrl K', 'address'],
  ['F2', 'new_incident'],
  ['/', 'filter'],
  ['↑ ↓ PgUp PgDn Home End', 'move'],
  ['Enter', 'open'],
  ['A', 'acknowledge'],
  ['M', 'show_on_map'],
  ['F6', 'next_pane'],
  ['Esc', 'back'],
  ['?', 'help'],
] as const;

export function Keys({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  return (
    <Dialog title={t('keys.title')} onClose={onClose} testId="keys">
      <div className="dialog-body">
        <table>
          <tbody>
            {keys.map(([key, name]) => (
              <tr key={name}>
                <th scope="row">
                  {key.split(' ').map((one) => (
                    <span key={one}>
                      <kbd>{one}</kbd>{' '}
                    </span>
                  ))}
                </th>
                <td>{t(`keys.${name}`)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.close_dialog')}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
