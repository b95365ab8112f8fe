// The questions of the room, read after the shell.
import { afterShell } from '../ui/afterShell.ts';

export const NewIncident = afterShell(async () => (await import('./NewIncident.tsx')).NewIncident);
export const ChangeIncident = afterShell(async () => (await import('./ChangeIncident.tsx')).ChangeIncident);
export const CloseIncident = afterShell(async () => (await import('./CloseIncident.tsx')).CloseIncident);
export const MoveIntervention = afterShell(async () => (await import('./MoveIntervention.tsx')).MoveIntervention);
export const AddContact = afterShell(async () => (await import('./AddContact.tsx')).AddContact);
