import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transformWithOxc } from 'vite';
import type { Detail, Index, Operation } from '../src/model/catalogue.ts';
import { encode, type FormValue } from '../src/model/form.ts';
import { isNumber, isObject, parseJson, writeJson, type Json } from '../src/model/json.ts';
import { requestShape } from '../src/model/shape.ts';
import { LANGUAGES } from '../src/snippets/index.ts';
import { quoteRust } from '../src/snippets/rust.ts';
import { samplesOf, type Sample } from '../src/snippets/samples.ts';

const GATEWAY = 'http://gateway.test:8600';
const TOKEN = 'access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970';
const root = new URL('../', import.meta.url);
const read = <T>(path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as T;
const { operations } = read<Index>('catalogue/index.json');

function open(id: string): Operation {
  const entry = operations.find((entry) => entry.id === id);
  if (!entry) throw new Error(`no operation ${id}`);
  return { entry, detail: read<Detail>(`catalogue/operations/${id}.json`) };
}

function snippet(id: string, language: string, form: FormValue, settings = {}): string {
  const operation = open(id);
  const { wire } = encode(requestShape(operation.detail), form, { holes: true });
  const write = LANGUAGES.find((known) => known.id === language)?.write;
  return write?.(operation, wire, { gateway: GATEWAY, key: true, ownCredentials: false, ...settings }) ?? '';
}

let samples: Sample[] = [];
let folder = '';
beforeAll(() => {
  samples = operations.flatMap((entry) => samplesOf(entry, open(entry.id).detail, GATEWAY));
  folder = mkdtempSync(join(tmpdir(), 'snippets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a snippet sent, as those who stand in for the network write it down. */
interface Sent {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | null;
}

function check(sample: Sample, sent: Sent | undefined) {
  const headers = Object.fromEntries(
    Object.entries(sent?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const wanted = Object.fromEntries(Object.entries(sample.headers).map(([name, value]) => [name.toLowerCase(), value]));
  expect({ id: sample.id, url: sent?.url, method: sent?.method }).toEqual({
    id: sample.id,
    url: GATEWAY + sample.path,
    method: sample.method,
  });
  expect(headers).toMatchObject(wanted);
  expect(headers.authorization).toBe(sample.key ? 'Bearer the key' : undefined);
  expect(headers['plaid-client-id']).toBe(sample.ownCredentials ? 'the client' : undefined);
  expect(headers['plaid-secret']).toBe(sample.ownCredentials ? 'the secret' : undefined);
  expect(canonical(sent?.body)).toBe(canonical(sample.request));
}

/** Equal for what is the same in JSON: keys in order, and numbers by value. */
function canonical(text: string | null | undefined): string | null {
  return text == null ? null : writeJson(sorted(parseJson(text)), '');
}

function sorted(json: Json): Json {
  if (Array.isArray(json)) return json.map(sorted);
  if (isNumber(json)) return `number ${json.value.includes('.') ? json.value.replace(/\.?0+$/, '') : json.value}`;
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  );
}

const environment = (sample: Sample) => ({
  PLAID_GATEWAY_KEY: 'the key',
  PLAID_CLIENT_ID: 'the client',
  PLAID_SECRET: 'the secret',
  ...sample.env,
});

describe('every snippet, run, makes the call that its form makes', () => {
  test('in TypeScript', async () => {
    const runs = await Promise.all(
      samples.map(async (sample) => {
        const source = (sample.snippets.typescript ?? '').replace(/^import .*$/m, '');
        const { code } = await transformWithOxc(`async function run() {\n${source}}`, 'snippet.ts', { lang: 'ts' });
        return { sample, code };
      }),
    );
    for (const { sample, code } of runs) {
      let sent: Sent | undefined;
      const fetch = async (url: string, { method = 'GET', headers = {}, body = null }: Partial<Sent> = {}) => {
        sent = { url, method, headers, body };
        return new Response('{}');
      };
      // Node 20 has no JSON.rawJSON; the test's stand-in gives the same text.
      const raw: string[] = [];
      const json = {
        stringify: (value: unknown) => JSON.stringify(value).replace(/"raw (\d+)"/g, (_, at) => raw[Number(at)] ?? ''),
        rawJSON: (text: string) => `raw ${raw.push(text) - 1}`,
      };
      const run = new Function('fetch', 'process', 'JSON', 'console', 'writeFile', `${code}\nreturn run();`);
      await run(fetch, { env: environment(sample) }, json, { log() {} }, async () => {});
      check(sample, sent);
    }
  });

  test('in Python', () => {
    const stand = join(folder, 'run.py');
    writeFileSync(
      join(folder, 'samples.json'),
      JSON.stringify(samples.map((sample) => ({ code: sample.snippets.python, env: environment(sample) }))),
    );
    writeFileSync(stand, PYTHON);
    const out = execFileSync('python3', [stand, folder], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { PATH: process.env.PATH },
    });
    const sent = JSON.parse(out) as Sent[];
    samples.forEach((sample, place) => check(sample, sent[place]));
  });

  test('with curl', () => {
    const script = samples.map(
      (sample) =>
        `(\n${Object.entries(environment(sample))
          .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
          .join('\n')}\n${sample.snippets.curl}\n)\nprintf '\\036'\n`,
    );
    writeFileSync(join(folder, 'run.sh'), CURL + script.join(''));
    const { stdout, stderr, error } = spawnSync('bash', [join(folder, 'run.sh')], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { PATH: process.env.PATH },
    });
    if (error) throw error;
    expect(stderr).toBe('');
    const calls = stdout.split('\u001e');
    samples.forEach((sample, place) => check(sample, parseCurl(calls[place] ?? '')));
  });
});

/** Stands in for httpx and simplejson, and writes down what they are given. */
const PYTHON = `
import json, os, re, sys, types
from decimal import Decimal
folder = sys.argv[1]
os.chdir(folder)
sent = []
class Response:
    text = ""
    content = b""
    def raise_for_status(self): pass
def call(method):
    def send(url, headers={}, json=None, content=None, timeout=None):
        body = content if content is not None else None if json is None else dumps(json)
        sent.append({"url": url, "method": method, "headers": headers, "body": body})
        return Response()
    return send
def dumps(value, use_decimal=False):
    numbers = []
    def default(number):
        numbers.append(str(number))
        return "decimal %d" % (len(numbers) - 1)
    text = json.dumps(value, default=default)
    return re.sub(r'"decimal (\\d+)"', lambda found: numbers[int(found[1])], text)
httpx = types.ModuleType("httpx")
httpx.post, httpx.get = call("POST"), call("GET")
simplejson = types.ModuleType("simplejson")
simplejson.dumps = dumps
sys.modules["httpx"], sys.modules["simplejson"] = httpx, simplejson
out, sys.stdout = sys.stdout, open(os.devnull, "w")
for sample in json.load(open(os.path.join(folder, "samples.json"))):
    os.environ.update(sample["env"])
    exec(compile(sample["code"], "snippet.py", "exec"), {})
out.write(json.dumps(sent))
`;

/** Stands in for curl: its arguments, and what it is given to send. */
const CURL = `curl() {
  printf '%s\\037' "$@"
  if [[ "$*" == *--data-binary* ]]; then cat; fi
}
`;

function parseCurl(text: string): Sent {
  const parts = text.trimStart().split('\u001f');
  const body = parts.pop()?.trim() ?? '';
  const headers = parts.flatMap((part, place) =>
    part === '-H' ? [(parts[place + 1] ?? '').split(/: (.*)/s).slice(0, 2)] : [],
  );
  const method = parts[parts.indexOf('-X') + 1] ?? '';
  return {
    url: parts.find((part) => part.startsWith('http')) ?? '',
    method: parts.includes('-X') ? method : 'GET',
    headers: Object.fromEntries(headers),
    body: body || null,
  };
}

describe('in no language', () => {
  test.each(LANGUAGES.map(({ id }) => id))('%s shows a secret', (language) => {
    const code = snippet(
      'processorStripeBankAccountTokenCreate',
      language,
      { access_token: 'hush-hush', account_id: TOKEN },
      { ownCredentials: true },
    );
    expect(code).not.toContain('hush-hush');
    expect(code).not.toContain(TOKEN);
    expect(code).toContain('ACCESS_TOKEN');
    expect(code).toContain('ACCOUNT_ID');
  });

  test.each([
    ['typescript', 'fetch("http://gateway.test:8600/fdx/recipient/" + encodeURIComponent(process.env.RECIPIENT_ID!)'],
    ['python', '"http://gateway.test:8600/fdx/recipient/" + urllib.parse.quote(os.environ["RECIPIENT_ID"], safe="")'],
    ['curl', `'http://gateway.test:8600/fdx/recipient/'"$RECIPIENT_ID" \\\n`],
    ['rust', '.recipient_get(env::var("RECIPIENT_ID")?)'],
  ])('%s shows a token that was typed into the path', (language, expected) => {
    const code = snippet('getRecipient', language, { recipientId: TOKEN });
    expect(code).toContain(expected);
    expect(code).not.toContain(TOKEN);
  });

  test.each(LANGUAGES.map(({ id }) => id))('%s shows a token that is the name of a value', (language) => {
    const code = snippet('transferIntentCreate', language, { metadata: [{ key: TOKEN, value: 'x' }] });
    expect(code).not.toContain(TOKEN);
    expect(code).toContain('<token>');
  });

  test.each(LANGUAGES.map(({ id }) => id))('%s is without a change when a field is filled', (language) => {
    const empty = snippet('processorStripeBankAccountTokenCreate', language, {});
    const one = snippet('processorStripeBankAccountTokenCreate', language, { access_token: 'x' });
    const both = snippet('processorStripeBankAccountTokenCreate', language, { access_token: 'x', account_id: 'abc' });
    expect(empty).toContain('<access_token>');
    expect(new Set([empty, one, both]).size).toBe(3);
    expect(both).toContain('abc');
  });
});

describe('Rust', () => {
  test('reads as its user would write it', () => {
    expect(snippet('processorStripeBankAccountTokenCreate', 'rust', { access_token: 'x', account_id: 'abc' }))
      .toBe(`// Needs plaid with the feature "processor",
// and tokio with "macros" and "rt-multi-thread".

use std::env;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plaid = plaid::Client::gateway("${GATEWAY}")
        .key(env::var("PLAID_GATEWAY_KEY")?)
        .build()?;

    let answer = plaid
        .processor()
        .stripe_bank_account_token_create(env::var("ACCESS_TOKEN")?, "abc")
        .await?;
    println!("{answer:#?}");
    Ok(())
}
`);
  });

  test('says who calls as the gateway wants it', () => {
    const client = (settings: object) =>
      /let plaid = ([^;]+);/.exec(snippet('itemGet', 'rust', {}, settings))?.[1]?.replace(/\s+/g, '');
    const start = `plaid::Client::gateway("${GATEWAY}")`;
    const key = '.key(env::var("PLAID_GATEWAY_KEY")?)';
    const own = '.credentials(env::var("PLAID_CLIENT_ID")?,env::var("PLAID_SECRET")?)';
    expect(client({ key: false })).toBe(`${start}.build()?`);
    expect(client({ key: true })).toBe(`${start}${key}.build()?`);
    expect(client({ key: false, ownCredentials: true })).toBe(`${start}${own}.build()?`);
    expect(client({ key: true, ownCredentials: true })).toBe(`${start}${key}${own}.build()?`);
  });

  test('names every crate that it needs', () => {
    const needs = (id: string, form: FormValue) => snippet(id, 'rust', form).split('\n\n')[0];
    expect(needs('itemGet', {})).not.toContain('serde_json');
    const all = samples.filter(({ snippet }) => snippet.includes('serde_json::'));
    expect(all.length).toBeGreaterThan(0);
    for (const { snippet } of all) expect(snippet.split('\n\n')[0]).toContain('serde_json,');
  });

  test('names the values of enums, and takes others', () => {
    const code = snippet('linkTokenCreate', 'rust', {
      client_name: 'a',
      language: 'en',
      country_codes: ['US', 'XX'],
      user: { client_user_id: 'u' },
    });
    expect(code).toContain('[types::CountryCode::Us, types::CountryCode::from("XX")]');
    expect(code).toContain('.user(types::LinkTokenCreateRequestUser::new("u"))');
  });

  test('keeps every digit of an amount', () => {
    const code = snippet('signalEvaluate', 'rust', { amount: '0.10' });
    expect(code).toContain('"0.10".parse::<plaid::Decimal>()?');
  });

  test.each([
    ['a "b" \\ \n\t', '"a \\"b\\" \\\\ \\n\\t"'],
    ['\u202e\u200b\u0000', '"\\u{202e}\\u{200b}\\u{0}"'],
    ['\ud800é🙂', '"\ufffdé🙂"'],
  ])('writes %j so that the compiler takes it', (text, literal) => {
    expect(quoteRust(text)).toBe(literal);
  });
});
