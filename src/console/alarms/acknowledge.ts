import { answered, api } from '../api/client.ts';
import { explained, Problem } from '../api/problem.ts';
import type { Alarm } from '../api/types.ts';
import { alarms } from '../live/city.ts';
import { tell } from '../ui/notices.ts';

export function canAcknowledge(row: Alarm): boolean {
  return row.raises === 'alarm' && (row.state === 'unacknowledged' || row.state === 'returned');
}

export async function acknowledge(row: Alarm): Promise<void> {
  if (!canAcknowledge(row)) return;
  try {
    const answer = api.POST('/api/v1/alarms/{id}/acknowledge', { params: { path: { id: row.id } }, body: {} });
    alarms.put(await answered(answer));
  } catch (error) {
    // Somebody was faster: the stream brings what became of it.
    if (!(error instanceof Problem && error.status === 409)) tell(explained(error));
  }
}
