import { createContext, useContext } from 'react';
import type { Session } from '../api/types.ts';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('asked for the session outside of one');
  return session;
}

const levels = ['view', 'operate', 'manage', 'configure'];

/** Whether a grant reaches `level` on `service`. The server decides; this only spares a button that would be refused. */
export function may(session: Session, level: 'view' | 'operate' | 'manage' | 'configure', service: string): boolean {
  return session.grants.some(
    (grant) =>
      (grant.service === service || grant.service === '*' || grant.service === 'all') &&
      levels.indexOf(grant.level) >= levels.indexOf(level),
  );
}
