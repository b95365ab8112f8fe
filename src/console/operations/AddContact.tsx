import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { KeyOfAct } from '../api/keys.ts';
import type { IncidentDetail } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { FormDialog } from '../ui/FormDialog.tsx';
import { ContactFields, contactOf } from './ContactFields.tsx';

/** Somebody calls about what is open already. */
export function AddContact({ incident, onClose }: { incident: IncidentDetail; onClose: (added: boolean) => void }) {
  const { t } = useWords();
  const [key] = useState(() => new KeyOfAct());
  const send = async (form: FormData) => {
    const body = { ...contactOf(form), desk: incident.desk, incident: incident.number };
    await answered(api.POST('/api/v1/contacts', { params: { header: { 'Idempotency-Key': key.of(body) } }, body }));
    onClose(true);
  };
  return (
    <FormDialog
      title={t('contact.add_title')}
      submit={t('contact.add')}
      send={send}
      onClose={() => onClose(false)}
      name="contact"
    >
      <p>
        {t('incident.number', { number: incident.number })} {incident.title}
      </p>
      <ContactFields />
    </FormDialog>
  );
}
