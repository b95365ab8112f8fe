import { type FormEvent, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { KeyOfAct } from '../api/keys.ts';
import { explained } from '../api/problem.ts';
import type { IncidentDetail } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { ContactFields, contactOf } from './ContactFields.tsx';

/** Somebody calls about what is open already. */
export function AddContact({ incident, onClose }: { incident: IncidentDetail; onClose: (added: boolean) => void }) {
  const { t } = useWords();
  const [refusal, setRefusal] = useState('');
  const [asking, setAsking] = useState(false);
  const [key] = useState(() => new KeyOfAct());
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const body = { ...contactOf(new FormData(event.currentTarget)), desk: incident.desk, incident: incident.number };
    setAsking(true);
    setRefusal('');
    try {
      await answered(api.POST('/api/v1/contacts', { params: { header: { 'Idempotency-Key': key.of(body) } }, body }));
      onClose(true);
    } catch (error) {
      setRefusal(explained(error));
      setAsking(false);
    }
  };
  return (
    <Dialog title={t('contact.add_title')} onClose={() => onClose(false)} testId="contact-dialog">
      <form onSubmit={(event) => void submit(event)}>
        <p>
          {t('incident.number', { number: incident.number })} {incident.title}
        </p>
        <ContactFields />
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={() => onClose(false)}>
            {t('common.leave')}
          </button>
          <button type="submit" className="button button-primary" disabled={asking} data-testid="contact-submit">
            {t('contact.add')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
