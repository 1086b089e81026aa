/** The call in Rust, with this project's crate. */
import type { Operation, RustFacts } from '../model/catalogue.ts';
import { writeWire, type Wire, type WireObject } from '../model/form.ts';
import { fileName, isFile, KEY_VARIABLE, type Snippet, type SnippetSettings } from './common.ts';

/** A whole program. */
export const rust: Snippet = (operation, request, settings) => {
  const body = rustBody(operation, request);
  const client = clientOf(settings);
  const uses = [
    ...(/\benv::var/.test(body + client) ? ['use std::env;'] : []),
    ...(/\btypes::/.test(body) ? ['use plaid::types;'] : []),
  ];
  const json = body.includes('serde_json::') ? ' serde_json,' : '';
  return `// Needs plaid with the feature "${operation.entry.product}",${json}
// and tokio with "macros" and "rt-multi-thread".

${uses.length > 0 ? `${uses.join('\n\n')}\n\n` : ''}\
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
${indent(`${client}\n\n${body}\nOk(())`)}
}
`;
};

/** The statements that make the call, with a client in `plaid` and `env` and `types` in scope. */
export function rustBody(operation: Operation, request: WireObject): string {
  const { rust } = operation.detail;
  const writer = new Writer(rust);
  const values = new Map(request.entries);
  const args = rust.args.map(({ name, type }) => writer.argument(values.get(name), type));
  const setters = Object.entries(rust.setters).flatMap(([name, { method, type }]) => {
    const value = values.get(name);
    return value ? [call(`.${method}`, [writer.argument(value, bare(type, 'Option'))])] : [];
  });
  const links = [text(`.${rust.product}()`), call(`.${rust.method}`, args), ...setters];
  if (!isFile(operation))
    return `${chain('let answer = plaid', [...links, text('.await?;')])}\nprintln!("{answer:#?}");`;
  const file = quoteRust(fileName(operation));
  return `${chain('let file = plaid', [...links, text('.download()'), text('.await?;')])}\nfile.save_to(${file}).await?;`;
}

function clientOf(settings: SnippetSettings): string {
  const start = `let plaid = plaid::Client::gateway(${quoteRust(settings.gateway)})`;
  const links = [
    ...(settings.key ? [`.key(env::var("${KEY_VARIABLE}")?)`] : []),
    ...(settings.ownCredentials ? ['.credentials(env::var("PLAID_CLIENT_ID")?, env::var("PLAID_SECRET")?)'] : []),
  ];
  if (links.length === 0) return `${start}.build()?;`;
  return [start, ...links, '.build()?;'].join('\n    ');
}

/** How an expression is used: its type is known, or it is an `impl Into` of it. */
type Use = 'exact' | 'into';

class Writer {
  private readonly facts: RustFacts;

  constructor(facts: RustFacts) {
    this.facts = facts;
  }

  /** An argument of a method: `impl Into<T>`, `impl IntoIterator<Item = impl Into<T>>` or `T`. */
  argument(wire: Wire | undefined, type: string): Code {
    const item = inside(type, 'Vec');
    if (item !== null && wire?.kind === 'list') return this.array(wire.items, item);
    if (type === 'Option<String>' && wire?.kind === 'text') return this.borrowed(wire);
    return this.value(wire, type, 'into');
  }

  value(wire: Wire | undefined, type: string, use: Use): Code {
    const optional = inside(type, 'Option');
    if (optional !== null) return this.optional(wire, optional);
    if (wire === undefined || wire.kind === 'null') return text('Default::default()');
    const boxed = inside(type, 'Box');
    if (boxed !== null) return call('Box::new', [this.value(wire, boxed, 'exact')]);
    switch (wire.kind) {
      case 'text':
        return text(this.text(wire, type, use));
      case 'number':
        return text(number(wire.text, type, use));
      case 'bool':
        return text(String(wire.value));
      case 'list':
        return this.list(wire.items, inside(type, 'Vec') ?? type);
      case 'map':
        return this.map(wire.entries, type);
      case 'object':
        return this.struct(wire, name(type));
      default:
        return text(`serde_json::from_str(${quoteRust(writeWire(wire, ''))})?`);
    }
  }

  private optional(wire: Wire | undefined, type: string): Code {
    if (wire === undefined || wire.kind === 'null') return text('None');
    return call('Some', [this.value(wire, type, 'exact')]);
  }

  /** A method takes an `Option<&str>`. */
  private borrowed(wire: Wire & { kind: 'text' }): Code {
    const value = wire.secret ? `env::var(${quoteRust(wire.secret)})?.as_str()` : quoteRust(wire.text);
    return call('Some', [text(value)]);
  }

  private text(wire: Wire & { kind: 'text' }, type: string, use: Use): string {
    const into = use === 'exact' ? '.into()' : '';
    if (wire.secret) return `env::var(${quoteRust(wire.secret)})?${type === 'String' ? '' : into}`;
    const literal = quoteRust(wire.text);
    const facts = this.facts.types[name(type)];
    if (facts?.kind === 'enum') {
      const variant = Object.hasOwn(facts.variants, wire.text) ? facts.variants[wire.text] : undefined;
      return variant ? `types::${name(type)}::${variant}` : `types::${name(type)}::from(${literal})`;
    }
    if (type === 'NaiveDate') return `${literal}.parse::<plaid::NaiveDate>()?`;
    if (type.startsWith('DateTime')) return `${literal}.parse::<plaid::DateTime<plaid::Utc>>()?`;
    return literal + into;
  }

  /** The items of an `impl IntoIterator`: all of one type, which need not be that of the list. */
  private array(items: Wire[], type: string): Code {
    if (items.length === 0) return text(`Vec::<${qualified(type, this.facts)}>::new()`);
    const kinds = new Set(items.map((item) => item.kind === 'text' && item.secret !== undefined));
    const mixed = kinds.size > 1 && this.facts.types[name(type)] === undefined;
    return group(
      '[',
      items.map((item) => this.value(item, type, mixed ? 'exact' : 'into')),
      ']',
      mixed ? `.map(${type}::from)` : '',
    );
  }

  private list(items: Wire[], type: string): Code {
    return group(
      'vec![',
      items.map((item) => this.value(item, type, 'exact')),
      ']',
    );
  }

  private map(entries: [string, Wire][], type: string): Code {
    const values = splitTwo(inside(type, 'BTreeMap') ?? inside(type, 'HashMap') ?? '');
    if (values === null) return text('Default::default()');
    const path = `std::collections::${type.startsWith('HashMap') ? 'HashMap' : 'BTreeMap'}`;
    if (entries.length === 0) return text(`${path}::new()`);
    const rows = entries.map(([key, value]) =>
      group('(', [text(`${quoteRust(key)}.into()`), this.value(value, values, 'exact')], ')'),
    );
    return group(`${path}::from([`, rows, '])');
  }

  private struct(wire: WireObject, type: string): Code {
    const facts = this.facts.types[type];
    if (facts?.kind !== 'struct') return text('Default::default()');
    const values = new Map(wire.entries);
    const written = (json: string) => {
      const field = facts.fields[json];
      return field ? [pair(`${field.ident}: `, this.value(values.get(json), field.type, 'exact'))] : [];
    };
    if (
      Object.keys(facts.fields).every((json) => values.has(json)) &&
      values.size > 0 &&
      facts.new?.length !== values.size
    ) {
      return braces(
        `types::${type}`,
        wire.entries.flatMap(([json]) => written(json)),
      );
    }
    const required = new Set(facts.new ?? []);
    const rest = wire.entries.filter(([json]) => !required.has(json)).flatMap(([json]) => written(json));
    const base = facts.new
      ? call(
          `types::${type}::new`,
          facts.new.map((json) => this.value(values.get(json), facts.fields[json]?.type ?? '', 'into')),
        )
      : text(rest.length > 0 ? 'Default::default()' : `types::${type}::default()`);
    return rest.length > 0 ? braces(`types::${type}`, rest, base) : base;
  }
}

function number(digits: string, type: string, use: Use): string {
  if (type === 'Decimal') {
    if (/[eE]/.test(digits)) return `plaid::Decimal::from_scientific(${quoteRust(digits)})?`;
    return `${quoteRust(digits)}.parse::<plaid::Decimal>()?`;
  }
  // Behind an `Into` an integer would be taken for an `i32`.
  const large = use === 'into' && BigInt(/^-?\d+$/.test(digits) ? digits : '0').toString().length > 9;
  return large ? `${digits}_${type}` : digits;
}

/** What is inside the brackets of `Option<…>`, or null for another type. */
function inside(type: string, outer: string): string | null {
  const start = `${outer}<`;
  return type.startsWith(start) && type.endsWith('>') ? type.slice(start.length, -1).trim() : null;
}

function bare(type: string, outer: string): string {
  return inside(type, outer) ?? type;
}

/** The second of two type parameters. */
function splitTwo(parameters: string): string | null {
  const comma = parameters.indexOf(',');
  return comma < 0 ? null : parameters.slice(comma + 1).trim();
}

function name(type: string): string {
  return type.replace(/^(plaid::)?types::/, '').trim();
}

function qualified(type: string, facts: RustFacts): string {
  if (facts.types[name(type)]) return `types::${name(type)}`;
  return ['Secret', 'Decimal', 'NaiveDate'].includes(type) ? `plaid::${type}` : type;
}

export function quoteRust(text: string): string {
  // The compiler refuses marks that turn the direction of text around.
  const escaped = text.toWellFormed().replace(/[\\"\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => {
    const known: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
    return known[c] ?? `\\u{${c.codePointAt(0)?.toString(16)}}`;
  });
  return `"${escaped}"`;
}

/** Code that can be written on one line or broken into several, as rustfmt does it. */
type Code = { open: string; items: Code[]; close: string; spaced: boolean; base?: Code | undefined };

const WIDTH = 100;

function text(code: string): Code {
  return { open: code, items: [], close: '', spaced: false };
}

function group(open: string, items: Code[], close: string, after = ''): Code {
  return { open, items, close: close + after, spaced: false };
}

function call(open: string, items: Code[]): Code {
  return group(`${open}(`, items, ')');
}

function pair(open: string, value: Code): Code {
  return { ...value, open: open + value.open };
}

function braces(open: string, items: Code[], base?: Code): Code {
  return { open: `${open} {`, items, close: '}', spaced: true, base };
}

function flat(code: Code): string {
  const items = [...code.items.map(flat), ...(code.base ? [`..${flat(code.base)}`] : [])].join(', ');
  return code.spaced ? `${code.open} ${items} ${code.close}` : code.open + items + code.close;
}

/** @param lead how much of the line is taken when the code is the only item of what is around it. */
function layout(code: Code, margin: string, room: number, lead = 0): string {
  const line = flat(code);
  if (code.items.length === 0 && !code.base) return line;
  if (margin.length + lead + line.length <= room && !(code.spaced && line.length > 70)) return line;
  const [only, ...others] = code.items;
  if (only && others.length === 0 && !code.base && !code.spaced && isBreakable(only)) {
    return `${code.open}${layout(only, margin, room - code.close.length, lead + code.open.length)}${code.close}`;
  }
  const inner = `${margin}    `;
  const rows = code.items.map((item) => `${inner}${layout(item, inner, room - 1)},\n`).join('');
  const base = code.base ? `${inner}..${layout(code.base, inner, room)}\n` : '';
  return `${code.open}\n${rows}${base}${margin}${code.close}`;
}

function isBreakable(code: Code): boolean {
  return code.items.length > 0 || code.base !== undefined;
}

function chain(start: string, links: Code[]): string {
  const line = start + links.map(flat).join('');
  // The program is one level deeper.
  if (line.length <= 70) return line;
  return `${start}\n${links.map((link) => `    ${layout(link, '    ', WIDTH - 4)}`).join('\n')}`;
}

function indent(code: string): string {
  return code.replace(/^(?=.)/gm, '    ');
}
