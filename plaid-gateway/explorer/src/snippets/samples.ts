/** Every snippet of a filled form beside the request that it has to make; a test compiles and runs them. */
import type { Detail, Entry } from '../model/catalogue.ts';
import { prepare } from '../model/call.ts';
import { encode, writeWire } from '../model/form.ts';
import { sample, type Extent } from '../model/sample.ts';
import { requestShape } from '../model/shape.ts';
import { LANGUAGES } from './index.ts';
import { rustBody } from './rust.ts';

export interface Sample {
  id: string;
  form: Extent;
  /** The program of each language. */
  snippets: Record<string, string>;
  /** The Rust of `snippets`. */
  snippet: string;
  /** Its statements alone, with `plaid`, `env` and `types` in scope. */
  body: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  /** The body as JSON text, digit for digit; null for a call without one. */
  request: string | null;
  /** The environment variables that the programs read. */
  env: Record<string, string>;
}

export function samplesOf(entry: Entry, detail: Detail, gateway: string): Sample[] {
  const shape = requestShape(detail);
  const operation = { entry, detail };
  return (['required', 'everything'] as const).map((form) => {
    const { wire, problems, secrets } = encode(shape, sample(shape, form));
    if (problems.size > 0) throw new Error(`${entry.id}: the sample is wrong at ${[...problems.keys()].join(', ')}`);
    const call = prepare(entry, detail, wire);
    const settings = { gateway, key: true, ownCredentials: false };
    const snippets = Object.fromEntries(LANGUAGES.map(({ id, write }) => [id, write(operation, wire, settings)]));
    return {
      id: entry.id,
      form,
      snippets,
      snippet: snippets.rust ?? '',
      body: rustBody(operation, wire),
      method: call.method,
      path: call.path,
      headers: Object.fromEntries(call.headers.map(([name, value]) => [name, value.text])),
      request: call.body && writeWire(call.body, ''),
      env: secrets,
    };
  });
}
