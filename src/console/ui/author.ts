import { t } from '../i18n/index.ts';

/** Who did it, as a person would say it. The server signs its own acts `system`, or `system:` and what moved it. */
export function author(login: string, name?: string): string {
  if (login === 'telemetry' || login === 'system:telemetry') return t('author.telemetry');
  if (login === 'system' || login.startsWith('system:')) return t('author.system');
  return name || login;
}

/** Whether an entry of the logbook is shown with who wrote it: all are, but the one whose own words name them. */
export function isSigned(entryType: string): boolean {
  return entryType !== 'incident_claimed';
}
