/** What the snippets of all languages have in common. */
import type { Operation } from '../model/catalogue.ts';
import { prepare, type Prepared } from '../model/call.ts';
import type { Wire, WireObject } from '../model/form.ts';
import { isNumber, isObject, type Json } from '../model/json.ts';

export interface SnippetSettings {
  /** Without a slash at the end. */
  gateway: string;
  /** The caller has a key, which stands in `PLAID_GATEWAY_KEY`. */
  key: boolean;
  /** The caller's own credentials go along, in `PLAID_CLIENT_ID` and `PLAID_SECRET`. */
  ownCredentials: boolean;
}

/** A pure function: the same form makes the same code. */
export type Snippet = (operation: Operation, request: WireObject, settings: SnippetSettings) => string;

export const KEY_VARIABLE = 'PLAID_GATEWAY_KEY';

/** The variables behind the headers that say who calls. */
export function identity(settings: SnippetSettings): { header: string; variable: string; bearer: boolean }[] {
  const own = [
    { header: 'PLAID-CLIENT-ID', variable: 'PLAID_CLIENT_ID', bearer: false },
    { header: 'PLAID-SECRET', variable: 'PLAID_SECRET', bearer: false },
  ];
  const key = { header: 'Authorization', variable: KEY_VARIABLE, bearer: true };
  return [...(settings.key ? [key] : []), ...(settings.ownCredentials ? own : [])];
}

export function prepared(operation: Operation, request: WireObject): Prepared {
  return prepare(operation.entry, operation.detail, request);
}

/** An address in pieces of the language: text that stands there, and variables for secrets in its path. */
export function address(
  settings: SnippetSettings,
  { parts }: Prepared,
  language: { text: (text: string) => string; secret: (variable: string) => string; joint: string },
): string {
  const pieces: { text: string; secret?: string | undefined }[] = [{ text: settings.gateway }];
  for (const part of parts) {
    const last = pieces.at(-1);
    const text = typeof part === 'string' ? part : encodeURIComponent(part.text);
    if (typeof part !== 'string' && part.secret) pieces.push({ text: '', secret: part.secret });
    else if (last && !last.secret) last.text += text;
    else if (text) pieces.push({ text });
  }
  return pieces
    .map(({ text, secret }) => (secret ? language.secret(secret) : language.text(text)))
    .join(language.joint);
}

export function isFile(operation: Operation): boolean {
  return (
    operation.entry.answer !== undefined && operation.entry.answer !== null && !operation.entry.answer.includes('json')
  );
}

export function fileName(operation: Operation): string {
  return operation.entry.answer === 'application/zip' ? 'answer.zip' : 'answer.pdf';
}

/** JSON of any kind as a tree like the rest of the request. */
export function fromJson(json: Json): Wire {
  if (json === null) return { kind: 'null' };
  if (typeof json === 'boolean') return { kind: 'bool', value: json };
  if (typeof json === 'string') return { kind: 'text', text: json };
  if (isNumber(json)) return { kind: 'number', text: json.value };
  if (Array.isArray(json)) return { kind: 'list', items: json.map(fromJson) };
  const entries = isObject(json) ? Object.entries(json) : [];
  return { kind: 'map', entries: entries.map(([key, value]) => [key, fromJson(value)]) };
}

/** Whether a double keeps all digits of a number. */
export function isExact(text: string): boolean {
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '');
  return digits.length <= 15 && !/[eE]/.test(text);
}

/** How a language writes values that look like JSON's. */
export interface Dialect {
  text(wire: Wire & { kind: 'text' }): string;
  number(text: string): string;
  bool(value: boolean): string;
  null: string;
  key(name: string): string;
  any(text: string): Wire;
  /** After the last row of a list that is broken into lines. */
  trailing: string;
  indent: string;
}

const SHORT = 60;

export function render(wire: Wire, dialect: Dialect, margin = ''): string {
  switch (wire.kind) {
    case 'text':
      return dialect.text(wire);
    case 'number':
      return dialect.number(wire.text);
    case 'bool':
      return dialect.bool(wire.value);
    case 'null':
      return dialect.null;
    case 'any':
      return render(dialect.any(wire.text), dialect, margin);
    case 'list':
      return rows(
        '[]',
        wire.items.map((item) => render(item, dialect, margin + dialect.indent)),
        dialect,
        margin,
        true,
      );
    default:
      return rows(
        '{}',
        wire.entries.map(([name, value]) => dialect.key(name) + render(value, dialect, margin + dialect.indent)),
        dialect,
        margin,
        false,
      );
  }
}

function rows(pair: string, items: string[], dialect: Dialect, margin: string, flat: boolean): string {
  const [open, close] = [pair[0] ?? '', pair[1] ?? ''];
  if (items.length === 0) return pair;
  const line = `${open}${items.join(', ')}${close}`;
  if (flat && line.length <= SHORT && !line.includes('\n')) return line;
  const inner = margin + dialect.indent;
  return `${open}\n${items.map((item) => inner + item).join(',\n')}${dialect.trailing}\n${margin}${close}`;
}
