import { t } from '../i18n/index.ts';
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

/** The field of a form that a pointer is about, as it is labelled there; nothing for what no form shows. */
function labelOf(pointer: string): string {
  const name = pointer.replace(/^\//, '').split('/')[0] ?? '';
  return name && t(`field.${name}`, { defaultValue: '' });
}

/** A problem's sentences, each once, with the label of the field it is about. Pointers are for programs. */
export function sentencesOf(body: Pick<ProblemBody, 'detail' | 'errors'>, message: string): string {
  const fields = (body.errors ?? []).map((one) => {
    const label = labelOf(one.pointer);
    return { message: one.message, text: label ? t('field.said', { label, message: one.message }) : one.message };
  });
  const repeated = fields.some((one) => one.message === message);
  return [...new Set([...(repeated ? [] : [message]), ...fields.map((one) => one.text)])].join('\n');
}

/** In words for the person before the screen. */
export function explained(error: unknown): string {
  if (error instanceof Problem) return sentencesOf(error.body, error.message);
  return error instanceof Error ? error.message : String(error);
}
