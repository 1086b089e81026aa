/** Every snippet of a form beside the request that it has to make; a test compiles and runs them. */
import type { Detail, Entry, Operation } from '../model/catalogue.ts';
import { prepare } from '../model/call.ts';
import { encode, writeWire } from '../model/form.ts';
import { sample, type Extent } from '../model/sample.ts';
import { requestShape, type RequestShape } from '../model/shape.ts';
import { LANGUAGES, type SnippetSettings } from './index.ts';
import { rustBody } from './rust.ts';

export interface Sample {
  id: string;
  /** `opened` is the form as the page opens it: empty, with examples in the code for what is required. */
  form: Extent | 'opened';
  /** Whether the caller has a key, and credentials of their own. */
  key: boolean;
  ownCredentials: boolean;
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
  /** The environment variables that the programs read for secrets of the form. */
  env: Record<string, string>;
}

/** Each way to fill a form is tried with another caller: how they are known does not depend on the form. */
const KINDS = [
  { form: 'opened', key: false, ownCredentials: false },
  { form: 'required', key: true, ownCredentials: false },
  { form: 'everything', key: true, ownCredentials: true },
] as const;

export function samplesOf(entry: Entry, detail: Detail, gateway: string): Sample[] {
  const shape = requestShape(detail);
  return KINDS.map(({ form, ...caller }) => sampleOf({ entry, detail }, shape, form, { gateway, ...caller }));
}

function sampleOf(operation: Operation, shape: RequestShape, form: Sample['form'], settings: SnippetSettings): Sample {
  const { entry, detail } = operation;
  // As the page does it for the code that it shows.
  const filled = form === 'opened' ? {} : sample(shape, form);
  const { wire, problems, secrets } = encode(shape, filled, { holes: true });
  const wrong = [...problems].filter(([, problem]) => form !== 'opened' || !problem.missing);
  if (wrong.length > 0) throw new Error(`${entry.id}: the sample is wrong at ${wrong.map(([at]) => at).join(', ')}`);
  const call = prepare(entry, detail, wire);
  const snippets = Object.fromEntries(LANGUAGES.map(({ id, write }) => [id, write(operation, wire, settings)]));
  return {
    id: entry.id,
    form,
    key: settings.key,
    ownCredentials: settings.ownCredentials,
    snippets,
    snippet: snippets.rust ?? '',
    body: rustBody(operation, wire),
    method: call.method,
    path: call.path,
    headers: Object.fromEntries(call.headers.map(([name, value]) => [name, value.text])),
    request: call.body && writeWire(call.body, ''),
    env: secrets,
  };
}
