import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { KeyOfAct } from '../api/keys.ts';
import type { LogbookEntry } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { logbook } from '../live/city.ts';
import { Moment } from '../ui/Age.tsx';
import { FormDialog } from '../ui/FormDialog.tsx';

/** What was written stays; what is right is added, and says what it corrects. */
export function Correction({ row, onClose }: { row: LogbookEntry; onClose: () => void }) {
  const { t, said } = useWords();
  const [key] = useState(() => new KeyOfAct());
  const send = async (form: FormData) => {
    const text = String(form.get('text')).trim();
    const body = { text, corrects: row.number, incident: row.incident };
    const params = { header: { 'Idempotency-Key': key.of(body) } };
    logbook.put(await answered(api.POST('/api/v1/logbook', { params, body })));
    onClose();
  };
  return (
    <FormDialog
      title={t('logbook.correct_entry', { number: row.number })}
      submit={t('logbook.write')}
      send={send}
      onClose={onClose}
      name="correction"
    >
      <p>
        <Moment at={row.at} seconds /> {said(row.text)}
      </p>
      <p className="quiet small">{t('logbook.kept')}</p>
      <label className="field">
        <span>{t('logbook.correction')}</span>
        <textarea className="input" name="text" maxLength={4000} required data-testid="correction" />
      </label>
    </FormDialog>
  );
}
