// Opening an incident, from a call or without: two acts of which the first may be done when the second is refused.

import { KeyOfAct } from '../api/keys.ts';
import type { NewContact, NewIncident } from '../api/types.ts';

export interface Doors {
  contact(body: NewContact, key: string): Promise<{ id: string }>;
  incident(body: NewIncident, key: string): Promise<{ number: number }>;
}

export class Opening {
  /** The contact that the server has: it is not made again, whatever becomes of the incident. */
  kept: string | undefined;
  private contactKey: KeyOfAct;
  private incidentKey: KeyOfAct;

  constructor(
    private doors: Doors,
    makeKey?: () => string,
  ) {
    this.contactKey = new KeyOfAct(makeKey);
    this.incidentKey = new KeyOfAct(makeKey);
  }

  /** The number of the incident; null when the call was answered at once and nothing follows. */
  async submit(contact: NewContact | null, incident: NewIncident): Promise<number | null> {
    if (contact && !this.kept) {
      const made = await this.doors.contact(contact, this.contactKey.of(contact));
      if (contact.answered) return null;
      this.kept = made.id;
    }
    const body = { ...incident, contact: this.kept };
    return (await this.doors.incident(body, this.incidentKey.of(body))).number;
  }
}
