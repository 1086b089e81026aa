/** The calls made in this browser: when, what, how it went. No secret and no answer is kept. */
import { signal } from '@preact/signals';
import { isNumber, isObject, parseJson, type Json } from '../model/json.ts';
import * as storage from './storage.ts';

export interface Call {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  /** 0 when no answer came. */
  status: number;
  milliseconds: number;
  requestId: string;
  /** The request as JSON, without its secrets; nothing when it is too long to be kept. */
  form: string;
}

export const KEPT = 60;
const LONGEST_FORM = 4000;

export const history = signal<readonly Call[]>(load());

export function record(call: Call): void {
  const form = call.form.length > LONGEST_FORM ? '' : call.form;
  history.value = [{ ...call, form }, ...history.value].slice(0, KEPT);
  storage.write('history', JSON.stringify(history.value));
}

export function forgetHistory(): void {
  history.value = [];
  storage.write('history', '');
}

function load(): Call[] {
  const stored = storage.readJson('history');
  return Array.isArray(stored) ? stored.flatMap((item) => toCall(item) ?? []).slice(0, KEPT) : [];
}

function toCall(json: Json): Call | undefined {
  if (!isObject(json)) return undefined;
  const { id, at, status, milliseconds, requestId, form } = json;
  if (typeof id !== 'string' || typeof requestId !== 'string' || typeof form !== 'string') return undefined;
  return {
    id,
    at: toNumber(at),
    status: toNumber(status),
    milliseconds: toNumber(milliseconds),
    requestId,
    form: isJson(form) ? form : '',
  };
}

function toNumber(json: Json | undefined): number {
  const value = isNumber(json) ? Number(json.value) : Number.NaN;
  return Number.isFinite(value) ? value : 0;
}

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}
