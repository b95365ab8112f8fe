import { createContext, useContext } from 'react';
import type { Grant, Session } from '../api/types.ts';
import { clock } from '../live/clock.ts';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('asked for the session outside of one');
  return session;
}

const levels = ['view', 'operate', 'manage', 'configure'];

/**
 * Whether a grant reaches `level` on `service` now, in `commune` when one is named. The server decides; this only spares a
 * button that would be refused.
 */
export function may(
  session: Pick<Session, 'grants'>,
  level: Grant['level'],
  service: string,
  commune: string | undefined,
  now: number,
): boolean {
  return session.grants.some(
    (grant) =>
      grant.service === service &&
      levels.indexOf(grant.level) >= levels.indexOf(level) &&
      (!grant.commune || !commune || grant.commune === commune) &&
      (!grant.from || Date.parse(grant.from) <= now) &&
      (!grant.until || now < Date.parse(grant.until)),
  );
}

export type May = (level: Grant['level'], service: string, commune?: string) => boolean;

/** What the person before the screen may do. */
export function useMay(): May {
  const session = useSession();
  return (level, service, commune) => may(session, level, service, commune, clock.now());
}
