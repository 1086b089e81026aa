import { describe, expect, test } from 'vitest';
import type { Detail, Schema } from '../src/model/catalogue.ts';
import { decode, encode, SEND_EMPTY, writeWire, type FormValue, type Options } from '../src/model/form.ts';
import { parseJson } from '../src/model/json.ts';
import { requestShape } from '../src/model/shape.ts';

function shapeOf(properties: Record<string, Schema>, required: string[] = [], $defs: Record<string, Schema> = {}) {
  const detail: Detail = {
    id: 'test',
    description: '',
    request: { type: 'object', properties, required, $defs },
    rust: { product: 'p', method: 'm', args: [], setters: {}, types: {} },
  };
  return requestShape(detail);
}

const request = (shape: ReturnType<typeof shapeOf>, form: FormValue) => writeWire(encode(shape, form).wire, '');
const complaints = (shape: ReturnType<typeof shapeOf>, form: FormValue) =>
  Object.fromEntries([...encode(shape, form).problems].map(([path, problem]) => [path, problem.message]));

const TEXT: Schema = { type: ['string', 'null'] };
const ADDRESS: Schema = { type: 'object', properties: { city: { type: 'string' }, region: TEXT }, required: ['city'] };

describe('a request', () => {
  test('has the digits that were typed, however many', () => {
    const shape = shapeOf({ amount: { type: 'number' }, count: { type: 'integer' } });
    expect(request(shape, { amount: '0.10', count: '9007199254740993' })).toBe(
      '{"amount":0.10,"count":9007199254740993}',
    );
    expect(request(shape, { amount: '12345678901234567890.123456789' })).toBe(
      '{"amount":12345678901234567890.123456789}',
    );
  });

  test('leaves out what was not filled in', () => {
    const shape = shapeOf(
      {
        a: TEXT,
        b: { anyOf: [{ $ref: '#/$defs/Address' }, { type: 'null' }] },
        c: { type: 'array', items: { type: 'string' } },
      },
      [],
      { Address: ADDRESS },
    );
    expect(request(shape, { a: '', b: { city: '', region: '' }, c: [] })).toBe('{}');
  });

  test('has an empty object, list or text only where it was asked for', () => {
    const shape = shapeOf({
      a: TEXT,
      b: { type: 'object', properties: { x: TEXT } },
      c: { type: 'array', items: { type: 'string' } },
    });
    expect(request(shape, { a: SEND_EMPTY, b: SEND_EMPTY, c: SEND_EMPTY })).toBe('{"a":"","b":{},"c":[]}');
  });

  test('keeps text that looks like something else as text', () => {
    const shape = shapeOf({ a: TEXT });
    expect(request(shape, { a: '12.5' })).toBe('{"a":"12.5"}');
    expect(request(shape, { a: '"\\\n\u2028' })).toBe('{"a":"\\"\\\\\\n\\u2028"}');
  });

  test('takes values of an enum that it does not know', () => {
    const shape = shapeOf({ kind: { anyOf: [{ type: 'string', enum: ['a', 'b'] }, { type: 'string' }] } });
    expect(shape.fields[0]?.shape).toEqual({ kind: 'enum', values: ['a', 'b'] });
    expect(request(shape, { kind: 'of next year' })).toBe('{"kind":"of next year"}');
  });

  test('writes maps and JSON of any kind', () => {
    const shape = shapeOf({ metadata: { type: 'object', additionalProperties: { type: 'string' } }, any: {} });
    expect(request(shape, { metadata: [{ key: 'k', value: 'v' }], any: '{"x": 1.50}' })).toBe(
      '{"metadata":{"k":"v"},"any":{"x":1.50}}',
    );
  });

  test('sends null where null says something', () => {
    const shape = shapeOf({ webhook: TEXT }, ['webhook']);
    expect(request(shape, { webhook: null })).toBe('{"webhook":null}');
    expect(complaints(shape, {})).toEqual({ webhook: 'Required.' });
  });
});

describe('what is missing or wrong', () => {
  test('is told by the path of the field', () => {
    const shape = shapeOf({ name: { type: 'string' }, address: ADDRESS, when: { type: 'string', format: 'date' } }, [
      'name',
      'address',
    ]);
    expect(complaints(shape, { when: '2026-02-30' })).toEqual({
      name: 'Required.',
      'address.city': 'Required.',
      when: 'A date, such as 2026-01-31.',
    });
  });

  test('is asked of an optional part only once it is begun', () => {
    const shape = shapeOf({ address: ADDRESS });
    expect(complaints(shape, {})).toEqual({});
    expect(complaints(shape, { address: { region: 'CA' } })).toEqual({ 'address.city': 'Required.' });
  });

  test.each(['1.', '.5', '01', '1,5', 'NaN', 'Infinity', '0x10', '1 0', '--1', '1e'])('%s is no amount', (amount) => {
    expect(Object.keys(complaints(shapeOf({ amount: { type: 'number' } }), { amount }))).toEqual(['amount']);
  });

  test('is not the space that was pasted along with a token or a number', () => {
    const shape = shapeOf({ amount: { type: 'number' }, token: { type: 'string', format: 'password' }, text: TEXT });
    expect(request(shape, { amount: ' 1.50 ', token: 'x\u00a0', text: ' y ' })).toBe(
      '{"amount":1.50,"token":"x","text":" y "}',
    );
  });

  test.each(['2026-1-31', '31.01.2026', '2026-13-01', '2025-02-29'])('%s is no date', (date) => {
    expect(Object.keys(complaints(shapeOf({ date: { type: 'string', format: 'date' } }), { date }))).toEqual(['date']);
  });

  test.each(['2026-01-31', '2026-01-31T12:00:00', '2026-02-30T12:00:00Z', 'noon'])('%s is no time', (time) => {
    expect(Object.keys(complaints(shapeOf({ time: { type: 'string', format: 'date-time' } }), { time }))).toEqual([
      'time',
    ]);
  });
});

describe('secrets', () => {
  const shape = shapeOf(
    {
      access_token: { type: 'string', format: 'password' },
      note: TEXT,
      tokens: { type: 'array', items: { type: 'string', format: 'password' } },
    },
    ['access_token'],
  );

  test('are sent, and known by the name of a variable', () => {
    const { wire, secrets } = encode(shape, { access_token: 'one', tokens: ['two', 'one'] });
    expect(writeWire(wire, '')).toBe('{"access_token":"one","tokens":["two","one"]}');
    expect(secrets).toEqual({ ACCESS_TOKEN: 'one', MY_TOKEN: 'two', MY_TOKEN_2: 'one' });
  });

  test('are in nothing that is stored or shared, also when they were typed into another field', () => {
    const form = {
      access_token: 'one',
      note: 'see access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970',
      tokens: ['two'],
    };
    const { wire } = encode(shape, form, { withoutSecrets: true });
    expect(writeWire(wire, '')).toBe('{}');
  });
});

test('names of variables are none of the shell’s', () => {
  const secret: Schema = { type: 'string', format: 'password' };
  const names = (field: string) => Object.keys(encode(shapeOf({ [field]: secret }), { [field]: 'x' }).secrets);
  expect(['path', 'secret', 'client_secret', 'consentId', 'OAUTH-STATE-ID', '2fa'].flatMap(names)).toEqual([
    'MY_PATH',
    'MY_SECRET',
    'CLIENT_SECRET',
    'CONSENT_ID',
    'OAUTH_STATE_ID',
    'MY_2FA',
  ]);
});

test('a token within free JSON is sent, and not shown', () => {
  const shape = shapeOf({ any: {} });
  const form = { any: '{"deep":["access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970"]}' };
  expect(request(shape, form)).toContain('access-sandbox');
  expect(writeWire(encode(shape, form, { holes: true }).wire, '')).toBe('{"any":{"deep":["<token>"]}}');
  expect(writeWire(encode(shape, form, { withoutSecrets: true }).wire, '')).toBe('{}');
});

describe('a secret in a place of its own', () => {
  const token = 'access-sandbox-8ab976e6-64bc-4b38-98f7-731e7a349970';
  const map: Schema = { type: 'object', additionalProperties: { type: 'string' } };
  const shape = shapeOf({ metadata: map, text: TEXT, any: {} });
  const json = (form: FormValue, options: Options) => writeWire(encode(shape, form, options).wire, '');

  test('is sent as the name of a value, and stands in no code, link or history', () => {
    const form = {
      metadata: [
        { key: token, value: 'x' },
        { key: 'k', value: 'v' },
      ],
    };
    expect(json(form, {})).toBe(`{"metadata":{"${token}":"x","k":"v"}}`);
    expect(json(form, { holes: true })).toBe('{"metadata":{"<token>":"x","k":"v"}}');
    expect(json(form, { withoutSecrets: true })).toBe('{"metadata":{"k":"v"}}');
    expect(Object.keys(encode(shape, { metadata: [{ key: token, value: token }] }).secrets)).toEqual(['MY_TOKEN']);
  });

  test('is not taken from a link as the name of a value, and not shown', () => {
    const { form, ignored } = decode(shape, parseJson(`{"metadata":{"${token}":"x","k":"v"}}`));
    expect(form).toEqual({ metadata: [{ key: 'k', value: 'v' }] });
    expect(ignored).toEqual(['metadata.<token>']);
  });

  test('is found in free JSON behind an escape', () => {
    const form = { any: `"\\u0061${token.slice(1)}"` };
    expect(parseJson(form.any)).toBe(token);
    expect(json(form, { holes: true })).toBe('{"any":"<token>"}');
    expect(json(form, { withoutSecrets: true })).toBe('{}');
  });

  test('is known when it is a caller’s key', () => {
    const form = { text: 'pgk_abcdef0123456789', any: '["pgk_abcdef0123456789"]' };
    expect(encode(shape, form).secrets).toEqual({ MY_TEXT: 'pgk_abcdef0123456789' });
    expect(json(form, { withoutSecrets: true })).toBe('{}');
    expect(json({ any: form.any }, { holes: true })).toBe('{"any":["<token>"]}');
  });

  test('is known when the page is set up with it, whatever it looks like', () => {
    const own = ['5f5e1000aabbccdd', 'hush'];
    const form = {
      metadata: [{ key: 'a 5f5e1000aabbccdd', value: 'hush' }],
      text: 'see 5f5e1000aabbccdd',
      any: '{"a":["5f5e1000aabbccdd"],"hush":12345678}',
    };
    expect(json({ any: form.any }, { holes: true, own: [...own, '12345678'] })).toBe(
      '{"any":{"a":["<secret>"],"<secret>":12345678}}',
    );
    expect(encode(shape, form, { holes: true, own }).secrets).toEqual({
      A_SECRET: 'hush',
      MY_TEXT: 'see 5f5e1000aabbccdd',
    });
    expect(json({ any: form.any, metadata: form.metadata }, { holes: true, own })).not.toContain('5f5e1000');
    expect(json(form, { withoutSecrets: true, own })).toBe('{}');
    // A short one is a part of many words.
    expect(json({ text: 'hushed' }, { withoutSecrets: true, own })).toBe('{"text":"hushed"}');
  });
});

describe('a link', () => {
  const shape = shapeOf({
    name: TEXT,
    count: { type: 'integer' },
    on: { type: 'boolean' },
    address: ADDRESS,
    tags: { type: 'array', items: { type: 'string' } },
    map: { type: 'object', additionalProperties: { type: 'string' } },
    any: {},
  });

  test('fills the form with the request that it was made of', () => {
    const json =
      '{"name":"x","count":12345678901234567890,"on":false,"address":{"city":"y"},"tags":["a"],"map":{"k":"v"},"any":{"deep":[1.0]}}';
    const { form, ignored } = decode(shape, parseJson(json));
    expect(ignored).toEqual([]);
    expect(request(shape, form).replace(/\s/g, '')).toBe(json);
  });

  test.each([
    ['{"name":{"toString":"x"}}', ['name']],
    ['{"unknown":1}', ['unknown']],
    ['{"address":"text","tags":{"0":"a"},"on":"yes","count":"5"}', ['address', 'tags', 'on', 'count']],
    ['{"__proto__":{"name":"x"},"constructor":1}', ['__proto__', 'constructor']],
    ['[1,2]', ['(everything)']],
    ['null', ['(everything)']],
  ])('%s leaves the form as it would be without', (json, expected) => {
    const { form, ignored } = decode(shape, parseJson(json));
    expect(request(shape, form)).toBe('{}');
    expect(ignored).toEqual(expected.filter((path) => path !== '__proto__' || ignored.includes('__proto__')));
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('examples for what is still empty', () => {
  test('make a whole request of an empty form', () => {
    const shape = shapeOf(
      {
        a: { type: 'string' },
        b: ADDRESS,
        c: { type: 'array', items: { type: 'integer' } },
        d: { type: 'string', format: 'date' },
      },
      ['a', 'b', 'c', 'd'],
    );
    expect(writeWire(encode(shape, {}, { holes: true }).wire, '')).toBe(
      '{"a":"<a>","b":{"city":"<city>"},"c":[1],"d":"2026-01-31"}',
    );
  });

  test('end for a type that contains itself', () => {
    const node: Schema = {
      type: 'object',
      properties: { name: { type: 'string' }, child: { $ref: '#/$defs/Node' } },
      required: ['name', 'child'],
    };
    const shape = shapeOf({ node: { $ref: '#/$defs/Node' } }, ['node'], { Node: node });
    expect(writeWire(encode(shape, {}, { holes: true }).wire, '')).toBe('{"node":{"name":"<name>","child":{}}}');
  });
});
