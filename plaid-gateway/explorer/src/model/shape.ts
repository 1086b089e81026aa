/** What a schema asks for, in the few kinds that a form has controls for. */
import type { Detail, RustFacts, Schema } from './catalogue.ts';

export type Shape =
  | { kind: 'object'; name: string | null; fields: Field[] }
  | { kind: 'list'; items: Shape }
  | { kind: 'map'; values: Shape }
  | { kind: 'enum'; values: string[] }
  | { kind: 'text'; format: 'date' | 'date-time' | 'secret' | null }
  | { kind: 'number'; integer: boolean }
  | { kind: 'bool' }
  /** Any JSON at all. */
  | { kind: 'any' };

export interface Field {
  name: string;
  required: boolean;
  /** The schema allows `null` for it; for an optional field that is as if it were left out. */
  nullable: boolean;
  description: string;
  deprecated: boolean;
  /** Worked out when it is asked for: types may contain themselves. */
  shape: Shape;
}

export type RequestShape = Shape & { kind: 'object' };

/** The fields of a request: those of its body, and those in its path and headers. */
export function requestShape(detail: Detail): RequestShape {
  const order = [...detail.rust.args.map((arg) => arg.name), ...Object.keys(detail.rust.setters)];
  const body = detail.request ? fieldsOf(detail.request, new Context(detail), order) : [];
  // What a call cannot do without but may be null is no required field of the schema.
  for (const field of body) field.required ||= detail.rust.args.some((arg) => arg.name === field.name);
  const known = new Set(body.map((field) => field.name));
  const parameters = (detail.parameters ?? []).filter((parameter) => !known.has(parameter.name));
  return { kind: 'object', name: null, fields: [...parameters.map(parameterField), ...body] };
}

function parameterField(parameter: NonNullable<Detail['parameters']>[number]): Field {
  return {
    name: parameter.name,
    required: parameter.required,
    nullable: false,
    description: parameter.description ?? '',
    deprecated: false,
    shape:
      parameter.type === 'boolean'
        ? { kind: 'bool' }
        : { kind: 'text', format: /token|secret/i.test(parameter.name) ? 'secret' : null },
  };
}

class Context {
  private readonly shapes = new Map<Schema, Shape>();
  private readonly structs = new Map<string, Shape>();
  readonly rust: RustFacts;
  private readonly defs: Record<string, Schema>;

  constructor(detail: Detail) {
    this.rust = detail.rust;
    this.defs = detail.request?.$defs ?? {};
  }

  shape(schema: Schema | boolean | undefined): Shape {
    if (typeof schema !== 'object') return { kind: 'any' };
    const known = this.shapes.get(schema);
    if (known) return known;
    const shape = shapeOf(schema, this);
    this.shapes.set(schema, shape);
    return shape;
  }

  /** One shape for each type, so that a type within itself is known again. */
  struct(name: string, schema: Schema): Shape {
    const shape = this.structs.get(name) ?? structShape(name, schema, this);
    this.structs.set(name, shape);
    return shape;
  }

  named(reference: string): { name: string; schema: Schema | undefined } {
    const name = decodeURIComponent(reference.replace('#/$defs/', '')).replaceAll('~1', '/').replaceAll('~0', '~');
    return { name, schema: this.defs[name] };
  }
}

function shapeOf(schema: Schema, context: Context): Shape {
  if (schema.$ref) {
    const { name, schema: target } = context.named(schema.$ref);
    if (!target) return { kind: 'any' };
    return isStruct(target) ? context.struct(name, target) : context.shape(target);
  }
  if (schema.anyOf) return choiceShape(schema.anyOf, context);
  if (schema.enum) return { kind: 'enum', values: texts(schema.enum) };
  switch (mainType(schema)) {
    case 'object':
      if (isStruct(schema)) return structShape(null, schema, context);
      return { kind: 'map', values: context.shape(schema.additionalProperties) };
    case 'array':
      return { kind: 'list', items: context.shape(schema.items) };
    case 'string':
      return { kind: 'text', format: textFormat(schema.format) };
    case 'integer':
      return { kind: 'number', integer: true };
    case 'number':
      return { kind: 'number', integer: false };
    case 'boolean':
      return { kind: 'bool' };
    default:
      return { kind: 'any' };
  }
}

/** Several schemas: one of them or null, or the known values of an enum beside any other. */
function choiceShape(options: Schema[], context: Context): Shape {
  const rest = options.filter((option) => option.type !== 'null');
  const values = rest.flatMap((option) => texts(option.enum ?? []));
  if (values.length > 0 && rest.every((option) => option.type === 'string')) return { kind: 'enum', values };
  return rest.length === 1 ? context.shape(rest[0]) : { kind: 'any' };
}

function isStruct(schema: Schema): boolean {
  return schema.properties !== undefined || (mainType(schema) === 'object' && !schema.additionalProperties);
}

function structShape(name: string | null, schema: Schema, context: Context): Shape {
  const facts = name ? context.rust.types[name] : undefined;
  const order = facts?.kind === 'struct' ? Object.keys(facts.fields) : [];
  return {
    kind: 'object',
    name,
    get fields() {
      const fields = fieldsOf(schema, context, order);
      Object.defineProperty(this, 'fields', { value: fields });
      return fields;
    },
  };
}

/** In the order of the document, which schemars does not keep. */
function fieldsOf(schema: Schema, context: Context, order: string[]): Field[] {
  const properties = schema.properties ?? {};
  const names = [...new Set([...order.filter((name) => name in properties), ...Object.keys(properties)])];
  return names.map((name) => field(name, properties[name] ?? {}, schema.required ?? [], context));
}

function field(name: string, schema: Schema, required: string[], context: Context): Field {
  const description = schema.description ?? '';
  return {
    name,
    required: required.includes(name),
    nullable: allowsNull(schema),
    description: description.replace(/\s*Deprecated by Plaid\.?\s*$/, ''),
    deprecated: schema.deprecated === true,
    get shape() {
      return context.shape(schema);
    },
  };
}

function allowsNull(schema: Schema): boolean {
  if (Array.isArray(schema.type)) return schema.type.includes('null');
  return schema.anyOf?.some((option) => option.type === 'null') ?? false;
}

function mainType(schema: Schema): string | undefined {
  return Array.isArray(schema.type) ? schema.type.find((type) => type !== 'null') : schema.type;
}

function textFormat(format: string | undefined) {
  if (format === 'password') return 'secret';
  return format === 'date' || format === 'date-time' ? format : null;
}

function texts(values: unknown[]): string[] {
  return values.filter((value): value is string => typeof value === 'string');
}
