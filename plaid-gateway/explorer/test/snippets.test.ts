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
  expect(headers).toMatchObject({ authorization: 'Bearer the key', ...wanted });
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

const environment = (sample: Sample) => ({ PLAID_GATEWAY_KEY: 'the key', ...sample.env });

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
    const { stdout, stderr } = spawnSync('bash', [join(folder, 'run.sh')], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { PATH: process.env.PATH },
    });
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
    const token = 'access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970';
    const code = snippet(
      'processorStripeBankAccountTokenCreate',
      language,
      { access_token: 'hush-hush', account_id: token },
      { ownCredentials: true },
    );
    expect(code).not.toContain('hush-hush');
    expect(code).not.toContain(token);
    expect(code).toContain('ACCESS_TOKEN');
    expect(code).toContain('ACCOUNT_ID');
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
