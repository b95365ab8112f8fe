// Why an alarm, or an asset, is as it is. Pure.
import type { Alarm } from '../api/types.ts';

/** The record of a transition names an alarm by its id, or gives one of a few words. */
export function isAlarmId(cause: string): boolean {
  return /^[0-9a-f][0-9a-f-]{7,}$/.test(cause);
}

export interface Because {
  /** Ids of the alarms that hide one of the asset's own. */
  causes: string[];
  /** Open alarms of what feeds it, nearest first: they may be the cause, and are to be looked at. */
  upstream: Alarm[];
}

export function becauseOf(rows: readonly Alarm[], asset: string, above: readonly string[]): Because {
  const causes = rows.flatMap((row) => (row.asset === asset && row.suppressed_by ? [row.suppressed_by] : []));
  const open = (row: Alarm) => row.raises === 'alarm' && row.active && row.state !== 'suppressed';
  const upstream = above.flatMap((code) => rows.filter((row) => row.asset === code && open(row)));
  return {
    causes: [...new Set(causes)],
    upstream: upstream.filter((row) => !causes.includes(row.id)),
  };
}
