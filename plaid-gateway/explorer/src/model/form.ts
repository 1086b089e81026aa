/**
 * What a form holds, and the request that it makes.
 *
 * A form keeps what was typed, as text: numbers never become JavaScript's, and half a
 * date is not lost. The request is a tree of its own, because each language writes its
 * values differently.
 */
import { isNumber, isNumberText, isObject, mapTexts, parseJson, quote, writeJson, type Json } from './json.ts';
import { holdsSecret, SecretNames, withoutSecrets } from './secret.ts';
import type { Field, Shape } from './shape.ts';

/** A map is a list of `{ key, value }`, so that a row may be without a key for a while. */
export type FormValue = string | null | undefined | FormValue[] | { [key: string]: FormValue };

type Fields = { [key: string]: FormValue };

/** Stands in a form for an empty text, list or object that is to be sent. */
export const SEND_EMPTY: FormValue = { $: 'empty' };

export type Wire =
  | { kind: 'text'; text: string; secret?: string }
  | { kind: 'number'; text: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'null' }
  | { kind: 'list'; items: Wire[] }
  | { kind: 'object'; entries: [string, Wire][] }
  | { kind: 'map'; entries: [string, Wire][] }
  | { kind: 'any'; text: string };

export type WireObject = Wire & { kind: 'object' };

export interface Encoded {
  wire: WireObject;
  /** What is missing or wrong, by the path of the field. */
  problems: Map<string, Problem>;
  /** The secrets of the request by the names that stand for them in code. */
  secrets: Record<string, string>;
}

export interface Problem {
  missing: boolean;
  message: string;
}

export interface Options {
  /** For code that is shown: fill what is required and missing with examples, and leave secrets out of free JSON and names. */
  holes?: boolean;
  /** Leave out secrets, for what is stored or shared. */
  withoutSecrets?: boolean;
  /** What is secret wherever it is typed: the caller's key and the client secret. */
  own?: readonly string[];
}

export function encode(shape: Shape & { kind: 'object' }, form: FormValue, options: Options = {}): Encoded {
  const encoder = new Encoder(options);
  const wire = encoder.object(shape.fields, isFields(form) ? form : {}, '');
  return { wire, problems: encoder.problems, secrets: encoder.names.entries() };
}

class Encoder {
  readonly problems = new Map<string, Problem>();
  readonly names = new SecretNames();
  private readonly options: Options;
  /** Types on the way to here, so that holes of a type that contains itself end. */
  private readonly open = new Set<Shape>();

  constructor(options: Options) {
    this.options = options;
  }

  object(fields: Field[], value: Fields, path: string): WireObject {
    const entries: [string, Wire][] = [];
    for (const field of fields) {
      const wire = this.field(field, value[field.name], join(path, field.name));
      if (wire) entries.push([field.name, wire]);
    }
    return { kind: 'object', entries };
  }

  private field(field: Field, value: FormValue, path: string): Wire | undefined {
    if (value === null && field.nullable) return { kind: 'null' };
    if (!field.required && isBlank(value)) return undefined;
    return this.value(field.shape, value, path, field.name);
  }

  private value(shape: Shape, value: FormValue, path: string, name: string): Wire | undefined {
    if (shape.kind === 'object') return this.nested(shape, value, path);
    if (isSendEmpty(value)) return emptyOf(shape);
    if (isBlank(value)) return this.missing(shape, path, name);
    switch (shape.kind) {
      case 'list':
        return this.list(shape.items, value, path, name);
      case 'map':
        return this.map(shape.values, value, path);
      default:
        return this.scalar(shape, typeof value === 'string' ? value : '', path, name);
    }
  }

  private nested(shape: Shape & { kind: 'object' }, value: FormValue, path: string): Wire {
    if (this.open.has(shape))
      return this.object(isFields(value) ? shape.fields : [], isFields(value) ? value : {}, path);
    this.open.add(shape);
    const wire = this.object(shape.fields, isFields(value) ? value : {}, path);
    this.open.delete(shape);
    return wire;
  }

  private list(shape: Shape, value: FormValue, path: string, name: string): Wire | undefined {
    const given = Array.isArray(value) ? value : [];
    const items = given.flatMap((item, index) => this.value(shape, item, join(path, index), singular(name)) ?? []);
    // A list of nothing but secrets says nothing without them.
    return items.length === 0 && this.options.withoutSecrets ? undefined : { kind: 'list', items };
  }

  private map(shape: Shape, value: FormValue, path: string): Wire | undefined {
    const entries = this.rows(shape, value, path);
    return entries.length === 0 && this.options.withoutSecrets ? undefined : { kind: 'map', entries };
  }

  private rows(shape: Shape, value: FormValue, path: string): [string, Wire][] {
    return (Array.isArray(value) ? value : []).flatMap((row, index) => {
      const { key, value } = isFields(row) ? row : {};
      if (typeof key !== 'string' || key === '')
        return this.complain(join(path, index), true, 'A name is missing.') ?? [];
      const wire = this.value(shape, value, join(path, `${index}.value`), this.shown(key));
      if (!wire || (this.options.withoutSecrets && this.isSecret(key))) return [];
      return [[this.options.holes ? this.shown(key) : key, wire] as [string, Wire]];
    });
  }

  private isSecret(text: string): boolean {
    return holdsSecret(text, this.options.own);
  }

  private shown(text: string): string {
    return withoutSecrets(text, this.options.own);
  }

  private scalar(shape: Shape, typed: string, path: string, name: string): Wire | undefined {
    const text = trimmed(shape, typed);
    const problem = mistake(shape, text);
    if (problem) {
      this.complain(path, false, problem);
      return this.options.holes ? hole(shape, name) : undefined;
    }
    if (shape.kind === 'any') return this.any(text);
    const secret = isSecret(shape, text, this.options.own);
    if (secret && this.options.withoutSecrets) return undefined;
    if (shape.kind === 'number') return { kind: 'number', text };
    if (shape.kind === 'bool') return { kind: 'bool', value: text === 'true' };
    return secret ? { kind: 'text', text, secret: this.names.name(name, text) } : { kind: 'text', text };
  }

  /** The texts of free JSON are searched as they will be written: an escape must not hide a token. */
  private any(text: string): Wire | undefined {
    const { holes, withoutSecrets } = this.options;
    if (!holes && !withoutSecrets) return { kind: 'any', text };
    const json = parseJson(text);
    const shown = writeJson(mapTexts(json, (inner) => this.shown(inner)));
    if (withoutSecrets && shown !== writeJson(json)) return undefined;
    return { kind: 'any', text: holes ? shown : text };
  }

  private missing(shape: Shape, path: string, name: string): Wire | undefined {
    this.complain(path, true, 'Required.');
    if (!this.options.holes) return undefined;
    if (shape.kind !== 'list') return hole(shape, name);
    const item = this.value(shape.items, undefined, join(path, 0), singular(name));
    this.problems.delete(join(path, 0));
    return { kind: 'list', items: item ? [item] : [] };
  }

  private complain(path: string, missing: boolean, message: string): undefined {
    this.problems.set(path, { missing, message });
  }
}

function isSecret(shape: Shape, text: string, own?: readonly string[]): boolean {
  return (shape.kind === 'text' && shape.format === 'secret') || holdsSecret(text, own);
}

/** A space pasted along is no part of a number, a date or a token; it may be one of a text. */
function trimmed(shape: Shape, text: string): string {
  return shape.kind === 'number' || (shape.kind === 'text' && shape.format !== null) ? text.trim() : text;
}

export function join(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`;
}

function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/s$/, '');
}

/** A copy of a form with one value changed; what did not change stays the same object. */
export function setAt(form: FormValue, path: readonly string[], value: FormValue): FormValue {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(form)) return form.map((item, index) => (String(index) === name ? setAt(item, rest, value) : item));
  const fields = isFields(form) ? form : {};
  const changed = setAt(Object.hasOwn(fields, name) ? fields[name] : undefined, rest, value);
  const { [name]: _, ...others } = fields;
  return changed === undefined ? others : { ...fields, [name]: changed };
}

export function isFields(value: FormValue): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSendEmpty(value: FormValue): boolean {
  return isFields(value) && value.$ === 'empty';
}

/** Whether nothing was filled in, however deep. */
export function isBlank(value: FormValue): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object') return Object.values(value).every(isBlank);
  return false;
}

function emptyOf(shape: Shape): Wire {
  if (shape.kind === 'list') return { kind: 'list', items: [] };
  if (shape.kind === 'map') return { kind: 'map', entries: [] };
  return { kind: 'text', text: '' };
}

/** What is wrong with a text for a field, in a sentence. */
function mistake(shape: Shape, text: string): string | null {
  switch (shape.kind) {
    case 'number':
      if (shape.integer) return /^-?(0|[1-9]\d*)$/.test(text) ? null : 'A whole number, such as 25.';
      return isNumberText(text) ? null : 'A number with a point, such as 12.50.';
    case 'text':
      if (shape.format === 'date') return isDate(text) ? null : 'A date, such as 2026-01-31.';
      if (shape.format === 'date-time')
        return isTime(text) ? null : 'A time with its offset, such as 2026-01-31T12:00:00Z.';
      return null;
    case 'any':
      return isJson(text) ? null : 'JSON, such as {"name": "value"} or "text".';
    case 'bool':
      return text === 'true' || text === 'false' ? null : 'true or false.';
    default:
      return null;
  }
}

function isDate(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isTime(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    isDate(text.slice(0, 10)) &&
    !Number.isNaN(Date.parse(text))
  );
}

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/** An example for a field that is still empty. */
function hole(shape: Shape, name: string): Wire {
  switch (shape.kind) {
    case 'number':
      return { kind: 'number', text: shape.integer ? '1' : '10.00' };
    case 'bool':
      return { kind: 'bool', value: true };
    case 'enum':
      return { kind: 'text', text: shape.values[0] ?? `<${name}>` };
    case 'text':
      if (shape.format === 'date') return { kind: 'text', text: '2026-01-31' };
      if (shape.format === 'date-time') return { kind: 'text', text: '2026-01-31T12:00:00Z' };
      return { kind: 'text', text: `<${name}>` };
    case 'any':
      return { kind: 'any', text: '{}' };
    case 'map':
      return { kind: 'map', entries: [] };
    case 'list':
      return { kind: 'list', items: [] };
    case 'object':
      return { kind: 'object', entries: [] };
  }
}

/** The JSON of a request, digit for digit as it was typed. */
export function writeWire(wire: Wire, indent = '  ', margin = ''): string {
  switch (wire.kind) {
    case 'text':
      return quote(wire.text);
    case 'number':
      return wire.text;
    case 'bool':
      return String(wire.value);
    case 'null':
      return 'null';
    case 'any':
      return writeJson(parseJson(wire.text), indent, margin);
    case 'list':
      return bracket(
        '[]',
        wire.items.map((item) => writeWire(item, indent, margin + indent)),
        indent,
        margin,
      );
    default:
      return bracket(
        '{}',
        wire.entries.map(
          ([key, value]) => `${quote(key)}:${indent && ' '}${writeWire(value, indent, margin + indent)}`,
        ),
        indent,
        margin,
      );
  }
}

export function bracket(pair: string, rows: string[], indent: string, margin: string): string {
  if (rows.length === 0) return pair;
  if (!indent) return pair[0] + rows.join(',') + pair[1];
  const inner = margin + indent;
  return `${pair[0]}\n${rows.map((row) => inner + row).join(',\n')}\n${margin}${pair[1]}`;
}

export interface Decoded {
  form: Fields;
  /** Paths that the operation does not have, or whose value is of another kind. */
  ignored: string[];
}

/**
 * Reads a request, such as one in a link, into a form. Whatever does not fit is left out,
 * and so are secrets: what came by a link was seen on its way.
 */
export function decode(shape: Shape & { kind: 'object' }, json: Json): Decoded {
  const ignored: string[] = [];
  const form = isObject(json) ? decodeFields(shape.fields, json, '', ignored) : {};
  if (!isObject(json)) ignored.push('(everything)');
  return { form, ignored };
}

function decodeFields(fields: Field[], json: { [key: string]: Json }, path: string, ignored: string[]): Fields {
  const form: Fields = {};
  const known = new Map(fields.map((field) => [field.name, field]));
  for (const [name, value] of Object.entries(json)) {
    const field = known.get(name);
    if (field && value === null) {
      if (field.required && field.nullable) form[name] = null;
      continue;
    }
    const decoded = field && decodeValue(field.shape, value, join(path, name), ignored);
    if (decoded === undefined) ignored.push(join(path, name));
    else form[name] = decoded;
  }
  return form;
}

function decodeValue(shape: Shape, json: Json, path: string, ignored: string[]): FormValue {
  switch (shape.kind) {
    case 'object': {
      if (!isObject(json)) return undefined;
      const fields = decodeFields(shape.fields, json, path, ignored);
      return Object.keys(fields).length === 0 ? SEND_EMPTY : fields;
    }
    case 'list':
      if (!Array.isArray(json)) return undefined;
      if (json.length === 0) return SEND_EMPTY;
      return json.map((item, index) => decodeValue(shape.items, item, join(path, index), ignored) ?? '');
    case 'map':
      if (!isObject(json)) return undefined;
      return decodeRows(shape.values, json, path, ignored);
    case 'any': {
      const text = writeJson(json);
      return writeJson(mapTexts(json, (inner) => withoutSecrets(inner))) === text ? text : undefined;
    }
    case 'bool':
      return typeof json === 'boolean' ? String(json) : undefined;
    case 'number':
      return isNumber(json) ? json.value : undefined;
    default:
      if (typeof json !== 'string' || isSecret(shape, json)) return undefined;
      return json === '' ? SEND_EMPTY : json;
  }
}

function decodeRows(shape: Shape, json: { [key: string]: Json }, path: string, ignored: string[]): FormValue {
  return Object.entries(json).flatMap(([key, value]) => {
    const shown = withoutSecrets(key);
    if (shown !== key) {
      ignored.push(join(path, shown));
      return [];
    }
    return [{ key, value: decodeValue(shape, value, join(path, key), ignored) ?? '' }];
  });
}
