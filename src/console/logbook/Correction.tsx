import { type FormEvent, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { KeyOfAct } from '../api/keys.ts';
import { explained } from '../api/problem.ts';
import type { LogbookEntry } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { logbook } from '../live/city.ts';
import { Moment } from '../ui/Age.tsx';
import { Dialog } from '../ui/Dialog.tsx';

/** What was written stays; what is right is added, and says what it corrects. */
export function Correction({ row, onClose }: { row: LogbookEntry; onClose: () => void }) {
  const { t, said } = useWords();
  const [refusal, setRefusal] = useState('');
  const [key] = useState(() => new KeyOfAct());
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('text')).trim();
    const body = { text, corrects: row.number, incident: row.incident };
    const params = { header: { 'Idempotency-Key': key.of(body) } };
    try {
      logbook.put(await answered(api.POST('/api/v1/logbook', { params, body })));
      onClose();
    } catch (error) {
      setRefusal(explained(error));
    }
  };
  return (
    <Dialog title={t('logbook.correct_entry', { number: row.number })} onClose={onClose} testId="correction-dialog">
      <form onSubmit={(event) => void submit(event)}>
        <p>
          <Moment at={row.at} seconds /> {said(row.text)}
        </p>
        <p className="quiet small">{t('logbook.kept')}</p>
        <label className="field">
          <span>{t('logbook.correction')}</span>
          <textarea className="input" name="text" maxLength={4000} required data-testid="correction" />
        </label>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.leave')}
          </button>
          <button type="submit" className="button button-primary" data-testid="correction-submit">
            {t('logbook.write')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
