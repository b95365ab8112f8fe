export function newKey(): string {
  return crypto.randomUUID();
}

/**
 * The Idempotency-Key of one act: the same while the same is asked again, so that it happens once; another as soon as
 * something else is asked, for under one key the server takes one body.
 */
export class KeyOfAct {
  private asked = '';
  private key = '';

  constructor(private make: () => string = newKey) {}

  of(body: unknown): string {
    const text = JSON.stringify(body);
    if (this.key === '' || text !== this.asked) this.key = this.make();
    this.asked = text;
    return this.key;
  }
}
