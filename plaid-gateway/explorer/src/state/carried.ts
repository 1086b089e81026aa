/**
 * Values carried from one call to the next: tokens, ids and cursors of requests and
 * answers. They are in memory and gone after a reload.
 */
import { signal } from '@preact/signals';
import { isObject, type Json } from '../model/json.ts';

export interface Carried {
  value: string;
  /** Where it comes from, such as `/item/public_token/exchange`. */
  from: string;
  /** What else is known of it, such as the name of an account. */
  label: string;
}

const KEPT_PER_NAME = 8;

export const carried = signal<ReadonlyMap<string, readonly Carried[]>>(new Map());

/** What was read from the answer of one operation goes into another under another name. */
const ALIASES: Record<string, string> = {
  new_access_token: 'access_token',
  next_cursor: 'cursor',
  account_ids: 'account_id',
  access_tokens: 'access_token',
  item_ids: 'item_id',
  stripe_bank_account_token: 'bank_account_token',
};

export function carriedFor(field: string): readonly Carried[] {
  return carried.value.get(ALIASES[field] ?? field) ?? [];
}

/** Takes the tokens and ids out of an answer. */
export function carry(from: string, json: Json): void {
  const found = new Map(carried.value);
  collect(json, '', (name, value, label) => add(found, name, { value, from, label }));
  carried.value = found;
}

/** Takes them out of a request: what was typed by hand is offered too. */
export function carrySent(json: Json): void {
  const found = new Map(carried.value);
  collect(json, '', (name, value, label) => {
    const known = found.get(name)?.some((other) => other.value === value);
    if (!known) add(found, name, { value, from: 'what you sent', label });
  });
  carried.value = found;
}

export function forgetCarried(): void {
  carried.value = new Map();
}

function collect(json: Json, key: string, found: (name: string, value: string, label: string) => void): void {
  if (Array.isArray(json)) {
    // A long list offers its first rows; nobody picks the 400th from a form.
    for (const item of json.slice(0, KEPT_PER_NAME)) {
      if (typeof item === 'string') offer(key, item, '', found);
      else collect(item, key, found);
    }
  } else if (isObject(json)) {
    for (const [name, value] of Object.entries(json)) {
      if (typeof value !== 'string') collect(value, name, found);
      else offer(name === 'id' && key ? `${key.replace(/s$/, '')}_id` : name, value, labelOf(json), found);
    }
  }
}

function offer(
  name: string,
  value: string,
  label: string,
  found: (name: string, value: string, label: string) => void,
): void {
  const wanted = ALIASES[name] ?? name;
  if (value !== '' && wanted !== 'request_id' && /(_token|_id|^cursor)$/.test(wanted)) found(wanted, value, label);
}

function labelOf(object: { [key: string]: Json }): string {
  const { name, mask } = object;
  return [typeof name === 'string' ? name : '', typeof mask === 'string' ? `••${mask}` : ''].filter(Boolean).join(' ');
}

/** The newest first, each value once. */
function add(found: Map<string, readonly Carried[]>, name: string, value: Carried): void {
  const others = (found.get(name) ?? []).filter((other) => other.value !== value.value);
  const sameCall = others.filter((other) => other.from === value.from);
  const older = others.filter((other) => other.from !== value.from);
  found.set(name, [...sameCall, value, ...older].slice(0, KEPT_PER_NAME));
}
