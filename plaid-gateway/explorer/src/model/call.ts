/** Makes a call, and says what came of it. */
import type { Entry, Detail } from './catalogue.ts';
import { writeWire, type Wire, type WireObject } from './form.ts';
import { isObject, parseJson, type Json } from './json.ts';

export interface Prepared {
  method: string;
  path: string;
  /** The path in parts: what stands in it as it is, and values, which may be secret. */
  parts: (string | (Wire & { kind: 'text' }))[];
  headers: [string, Wire & { kind: 'text' }][];
  /** The fields of the body, or null for a call without one. */
  body: WireObject | null;
}

/** Puts each field where it belongs: into the path, a header or the body. */
export function prepare(entry: Entry, detail: Detail, wire: WireObject): Prepared {
  const parameters = new Map((detail.parameters ?? []).map((parameter) => [parameter.name, parameter.in]));
  const inBody = new Set(Object.keys(detail.request?.properties ?? {}));
  const values = new Map(wire.entries);
  // Split at a group, the names of values are every second part.
  const parts = entry.path.split(/\{(\w+)\}/).map((part, place) => {
    const value = values.get(part);
    return place % 2 === 0 ? part : value?.kind === 'text' ? value : '';
  });
  const path = parts.map((part) => (typeof part === 'string' ? part : encodeURIComponent(part.text))).join('');
  const headers = wire.entries.flatMap(([name, value]) =>
    parameters.get(name) === 'header' ? [[name, asText(value)] as [string, Wire & { kind: 'text' }]] : [],
  );
  const entries = wire.entries.filter(([name]) => inBody.has(name));
  const body: WireObject | null = entry.method === 'GET' ? null : { kind: 'object', entries };
  return { method: entry.method, path, parts, headers, body };
}

/** A header is text whatever it means. */
function asText(wire: Wire): Wire & { kind: 'text' } {
  return wire.kind === 'text' ? wire : { kind: 'text', text: writeWire(wire, '') };
}

export interface Answer {
  status: number;
  milliseconds: number;
  bytes: number;
  requestId: string;
  mediaType: string;
  /** The text of what is text, and the value of what is JSON. */
  text: string | null;
  json: Json | undefined;
  file: { blob: Blob; name: string } | null;
}

export interface NoAnswer {
  milliseconds: number;
  problem: string;
  advice: string;
}

export type Outcome = { answer: Answer } | { failure: NoAnswer };

/** @param clock milliseconds, for the time that the call took. */
export async function send(
  gateway: string,
  headers: Record<string, string>,
  prepared: Prepared,
  signal: AbortSignal,
  clock: () => number = () => performance.now(),
): Promise<Outcome> {
  const started = clock();
  try {
    const response = await fetch(gateway + prepared.path, init(headers, prepared, signal));
    const blob = await response.blob();
    return { answer: await read(response, blob, prepared.path, clock() - started) };
  } catch (error) {
    return { failure: explain(error, gateway, clock() - started, signal) };
  }
}

function init(headers: Record<string, string>, prepared: Prepared, signal: AbortSignal): RequestInit {
  const all = new Headers(headers);
  for (const [name, value] of prepared.headers) all.set(name, value.text);
  if (prepared.body) all.set('content-type', 'application/json');
  return {
    method: prepared.method,
    headers: all,
    ...(prepared.body && { body: writeWire(prepared.body, '') }),
    signal,
    // Nothing but what is asked for goes along, and a redirect would carry it elsewhere.
    credentials: 'omit',
    redirect: 'error',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
  };
}

async function read(response: Response, blob: Blob, path: string, milliseconds: number): Promise<Answer> {
  const mediaType = (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  const isText = mediaType === '' || /^text\/|json$|xml$/.test(mediaType);
  const text = isText ? await blob.text() : null;
  const json = text === null ? undefined : tryJson(text);
  const inBody = isObject(json) && typeof json.request_id === 'string' ? json.request_id : '';
  return {
    status: response.status,
    milliseconds,
    bytes: blob.size,
    requestId: inBody || (response.headers.get('plaid-request-id') ?? ''),
    mediaType,
    text,
    json,
    file: text === null ? { blob, name: fileName(path, mediaType) } : null,
  };
}

function tryJson(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function fileName(path: string, mediaType: string): string {
  const ending = mediaType === 'application/pdf' ? 'pdf' : mediaType === 'application/zip' ? 'zip' : 'bin';
  return `${path.replace(/^\//, '').replace(/\W+/g, '-')}.${ending}`;
}

function explain(error: unknown, gateway: string, milliseconds: number, signal: AbortSignal): NoAnswer {
  if (signal.aborted) {
    return {
      milliseconds,
      problem: 'Cancelled.',
      advice: 'The call may have been made all the same. Look it up before you repeat a write.',
    };
  }
  const elsewhere = new URL(gateway).origin !== location.origin;
  if (elsewhere) {
    return {
      milliseconds,
      problem: `No answer from ${gateway}.`,
      advice: `It is not the gateway that served this page. Open ${gateway}/explorer, or let the two know of each other: ${location.origin} among the CORS origins of that one, and ${new URL(gateway).origin} among the explorer’s gateways of this one.`,
    };
  }
  const offline = error instanceof TypeError;
  return {
    milliseconds,
    problem: offline ? `No answer from ${gateway}.` : 'The answer broke off.',
    advice:
      'Check that the gateway runs and that its address is right. A write may have taken effect: look it up before you repeat it.',
  };
}
