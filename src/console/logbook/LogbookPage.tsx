import { type InfiniteData, useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { LogbookEntry } from '../api/types.ts';
import { useMay } from '../app/session.ts';
import { useWords } from '../i18n/index.ts';
import { logbook, useRows } from '../live/city.ts';
import { Correction } from './Correction.tsx';
import { Story } from './Story.tsx';
import './logbook.css';

type Page = { rows: LogbookEntry[]; next?: string };

export function LogbookPage() {
  const { t } = useWords();
  const live = useRows(logbook);
  const writes = useMay()('operate', 'logbook');
  const [refusal, setRefusal] = useState('');
  const [correcting, setCorrecting] = useState<LogbookEntry | null>(null);
  const older = useInfiniteQuery<Page, Error, InfiniteData<Page>, string[], string | undefined>({
    queryKey: ['logbook'],
    queryFn: ({ pageParam }) =>
      answered(api.GET('/api/v1/logbook', { params: { query: { limit: 100, cursor: pageParam } } })),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next,
  });
  const rows = useMemo(() => {
    const byNumber = new Map<number, LogbookEntry>();
    for (const page of older.data?.pages ?? []) for (const row of page.rows) byNumber.set(row.number, row);
    for (const row of live) byNumber.set(row.number, row);
    return [...byNumber.values()].sort((a, b) => b.number - a.number);
  }, [older.data, live]);
  const add = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get('text')).trim();
    if (!text) return;
    try {
      logbook.put(await answered(api.POST('/api/v1/logbook', { body: { text } })));
      setRefusal('');
      form.reset();
    } catch (error) {
      setRefusal(explained(error));
    }
  };
  return (
    <div className="logbook-page">
      <h2>{t('logbook.title')}</h2>
      <p className="quiet">{t('logbook.kept')}</p>
      {writes && (
        <form className="logbook-add" onSubmit={(event) => void add(event)}>
          <label className="field">
            <span>{t('logbook.note')}</span>
            <textarea className="input" name="text" maxLength={4000} required />
          </label>
          <button type="submit" className="button">
            {t('logbook.write')}
          </button>
          {refusal && (
            <p className="refusal" role="alert">
              {refusal}
            </p>
          )}
        </form>
      )}
      {older.error && (
        <p className="refusal" role="alert">
          {explained(older.error)}
        </p>
      )}
      {older.isPending && <p className="quiet">{t('common.loading')}</p>}
      <Story rows={rows} linked onCorrect={writes ? setCorrecting : undefined} />
      {older.hasNextPage && (
        <button type="button" className="button" onClick={() => void older.fetchNextPage()}>
          {t('common.older')}
        </button>
      )}
      {correcting && <Correction row={correcting} onClose={() => setCorrecting(null)} />}
    </div>
  );
}
