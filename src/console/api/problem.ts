import type { ProblemBody } from './types.ts';

/** An answer other than the one hoped for, with what the server says about it (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly body: ProblemBody;
  constructor(status: number, body: ProblemBody) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.body = body;
  }

  /** What stands in the problem beyond the standard members: owner, allowed, state, ... */
  extra<Value>(member: string): Value | undefined {
    return (this.body as Record<string, unknown>)[member] as Value | undefined;
  }
}

export function asProblem(status: number, body: unknown): Problem {
  if (body && typeof body === 'object' && 'title' in body) return new Problem(status, body as ProblemBody);
  return new Problem(status, { type: 'about:blank', title: `HTTP ${status}`, status });
}

/** In words for the person before the screen, pointers included. */
export function explained(error: unknown): string {
  if (error instanceof Problem) {
    const parts = [error.message, ...(error.body.errors ?? []).map((one) => `${one.pointer}: ${one.message}`)];
    return parts.join('\n');
  }
  return error instanceof Error ? error.message : String(error);
}
