/** Forms filled with plausible values, for tests of the code that is made of them. */
import type { FormValue } from './form.ts';
import type { Field, Shape } from './shape.ts';

export type Extent = 'required' | 'everything';

const DEEPEST = 6;

export function sample(shape: Shape & { kind: 'object' }, extent: Extent): FormValue {
  return fields(shape.fields, extent, 0);
}

function fields(all: Field[], extent: Extent, depth: number): FormValue {
  const wanted = all.filter((field) => field.required || (extent === 'everything' && depth < DEEPEST));
  return Object.fromEntries(wanted.map((field) => [field.name, value(field.shape, field.name, extent, depth)]));
}

function value(shape: Shape, name: string, extent: Extent, depth: number): FormValue {
  switch (shape.kind) {
    case 'object':
      return depth < DEEPEST ? fields(shape.fields, extent, depth + 1) : undefined;
    case 'list':
      // The second item shows that all are written, and that secrets get names of their own.
      return [
        value(shape.items, name, extent, depth + 1),
        ...(extent === 'everything' ? [second(shape.items, name, depth)] : []),
      ];
    case 'map':
      return [{ key: 'a "key"', value: value(shape.values, name, extent, depth + 1) }];
    case 'enum':
      return shape.values[0] ?? 'a new value';
    case 'number':
      return shape.integer ? '3000000000' : '1234567890.123456789';
    case 'bool':
      return 'true';
    case 'any':
      return '{"any": [1.50, null, "text"]}';
    case 'text':
      return text(shape.format, name);
  }
}

function second(shape: Shape, name: string, depth: number): FormValue {
  if (shape.kind === 'enum') return 'a value of next year';
  if (shape.kind === 'text' && shape.format === null) return 'another';
  if (shape.kind === 'text' && shape.format === 'secret') return 'another secret';
  return value(shape, name, 'required', depth + 1);
}

function text(format: (Shape & { kind: 'text' })['format'], name: string): string {
  if (format === 'date') return '2026-02-28';
  if (format === 'date-time') return '2026-02-28T09:30:00Z';
  if (format === 'secret') return `a secret ${name}`;
  return `a "${name}" \\ ${'{x}'} $HOME ’`;
}
