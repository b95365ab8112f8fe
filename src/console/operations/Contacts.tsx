import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Contact, IncidentDetail } from '../api/types.ts';
import { useMay } from '../app/session.ts';
import { useWords } from '../i18n/index.ts';
import { Moment } from '../ui/Age.tsx';
import { AddContact } from './dialogs.ts';

function Caller({ row }: { row: Contact }) {
  const { t } = useWords();
  const [caller, setCaller] = useState<Contact | null>(null);
  const [refusal, setRefusal] = useState('');
  const read = async () => {
    try {
      setCaller(await answered(api.GET('/api/v1/contacts/{id}', { params: { path: { id: row.id } } })));
    } catch (error) {
      setRefusal(explained(error));
    }
  };
  if (refusal) return <span className="refusal">{refusal}</span>;
  if (caller) {
    return (
      <span>
        {caller.caller_name ?? t('contact.nameless')}{' '}
        {caller.callback_number && <a href={`tel:${caller.callback_number}`}>{caller.callback_number}</a>}
      </span>
    );
  }
  return (
    <button type="button" className="link" onClick={() => void read()} title={t('contact.audited')}>
      {t('contact.show_caller')}
    </button>
  );
}

/** Who called stays hidden until asked for: reading it leaves a trace. */
export function Contacts({ incident }: { incident: IncidentDetail }) {
  const { t } = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const rows = incident.contact_rows;
  const adds = incident.status === 'open' && may('operate', 'contacts', incident.commune);
  if (rows.length === 0 && !adds) return null;
  const close = (added: boolean) => {
    setAdding(false);
    if (added) void queries.invalidateQueries({ queryKey: ['incident', incident.number] });
  };
  return (
    <section className="panel-part">
      <div className="part-head">
        <h3>{t('incident.contacts')}</h3>
        {adds && (
          <button type="button" className="button" onClick={() => setAdding(true)} data-testid="add-contact">
            {t('contact.add')}
          </button>
        )}
      </div>
      {rows.length > 0 && (
        <ul className="plain-list" data-testid="contacts">
          {rows.map((row) => (
            <li key={row.id}>
              <p>
                {t(`contact.${row.channel}`)} <Moment at={row.received_at} /> – {row.summary}
              </p>
              <p className="quiet small">
                {row.address} {row.has_caller && may('view', 'contacts', incident.commune) && <Caller row={row} />}
              </p>
            </li>
          ))}
        </ul>
      )}
      {adding && <AddContact incident={incident} onClose={close} />}
    </section>
  );
}
