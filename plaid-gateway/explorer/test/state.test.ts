// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Entry } from '../src/model/catalogue.ts';
import { encode } from '../src/model/form.ts';
import { parseJson } from '../src/model/json.ts';
import { requestShape } from '../src/model/shape.ts';
import { hrefOf, parseRoute } from '../src/state/route.ts';

beforeEach(() => {
  localStorage.clear();
  vi.resetModules();
});

describe('the connection', () => {
  test('is stored as it is typed, and forgotten when asked', async () => {
    const connection = await import('../src/state/connection.ts');
    connection.gatewayUrl.value = 'http://127.0.0.1:8600/';
    connection.callerKey.value = 'key';
    expect(localStorage.getItem('plaid-explorer.gateway')).toBe('http://127.0.0.1:8600/');
    expect(connection.gateway.value).toEqual({ url: 'http://127.0.0.1:8600' });

    vi.resetModules();
    const reloaded = await import('../src/state/connection.ts');
    expect(reloaded.callerKey.value).toBe('key');
    reloaded.forgetGateway();
    expect(localStorage.length).toBe(0);
  });

  test('keeps credentials in memory until they are to be remembered, and only while they are', async () => {
    const { clientId, clientSecret, remember, forgetCredentials } = await import('../src/state/connection.ts');
    clientId.value = 'id';
    clientSecret.value = 'hush';
    expect(JSON.stringify({ ...localStorage })).not.toContain('hush');
    remember.value = true;
    expect(localStorage.getItem('plaid-explorer.secret')).toBe('hush');
    remember.value = false;
    expect(JSON.stringify({ ...localStorage })).not.toContain('hush');
    remember.value = true;
    forgetCredentials();
    expect(localStorage.length).toBe(0);
  });

  test('sends no credentials of one’s own to a gateway that did not say it takes them', async () => {
    const { authorization, clientId, clientSecret, gatewayUrl, settings, thisGateway } =
      await import('../src/state/connection.ts');
    clientId.value = 'id';
    clientSecret.value = 'hush';
    expect(authorization()).toEqual({});
    settings.value = { ownCredentials: true, environment: 'emulator' };
    expect(authorization()).toEqual({ 'plaid-client-id': 'id', 'plaid-secret': 'hush' });
    gatewayUrl.value = thisGateway();
    expect(authorization()).toHaveProperty('plaid-secret');
    gatewayUrl.value = 'http://127.0.0.1:9';
    expect(authorization()).toEqual({});
  });

  test('names what must not get into code, links and the history', async () => {
    const { callerKey, clientSecret, ownSecrets } = await import('../src/state/connection.ts');
    expect(ownSecrets.value).toEqual([]);
    callerKey.value = 'key';
    clientSecret.value = 'hush';
    expect(ownSecrets.value).toEqual(['key', 'hush']);
  });

  test.each(['', 'nonsense', 'ftp://host', 'javascript:alert(1)', 'http://user:pass@host'])(
    '“%s” is no gateway, and the reason is said',
    async (url) => {
      const { gateway, gatewayUrl } = await import('../src/state/connection.ts');
      gatewayUrl.value = url;
      expect(gateway.value).toHaveProperty('problem');
    },
  );

  test('works where the storage is switched off', async () => {
    const broken = vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
      throw new DOMException('no', 'SecurityError');
    });
    const { gatewayUrl } = await import('../src/state/connection.ts');
    expect(gatewayUrl.value).toBe('');
    broken.mockRestore();
  });
});

describe('values carried on', () => {
  test('offer the token of an exchange and the accounts of a list, newest first', async () => {
    const { carry, carriedFor, forgetCarried } = await import('../src/state/carried.ts');
    carry('/item/public_token/exchange', parseJson('{"access_token":"one","item_id":"i","request_id":"r"}'));
    carry('/item/access_token/invalidate', parseJson('{"new_access_token":"two"}'));
    carry(
      '/accounts/get',
      parseJson('{"accounts":[{"account_id":"a","name":"Checking","mask":"0000"},{"account_id":"b"}]}'),
    );
    expect(carriedFor('access_token').map(({ value }) => value)).toEqual(['two', 'one']);
    expect(carriedFor('account_ids')).toEqual([
      { value: 'a', from: '/accounts/get', label: 'Checking ••0000' },
      { value: 'b', from: '/accounts/get', label: '' },
    ]);
    expect(carriedFor('request_id')).toEqual([]);
    forgetCarried();
    expect(carriedFor('access_token')).toEqual([]);
  });

  test('are in no storage', async () => {
    const { carry } = await import('../src/state/carried.ts');
    carry('/x', parseJson('{"access_token":"hush"}'));
    expect(JSON.stringify({ ...localStorage })).not.toContain('hush');
  });
});

describe('what is forgotten while a call runs', () => {
  test('does not come back with its answer', async () => {
    const { gatewayUrl } = await import('../src/state/connection.ts');
    const { forgetWork, workOf } = await import('../src/state/session.ts');
    const { carriedFor } = await import('../src/state/carried.ts');
    const { history } = await import('../src/state/history.ts');
    const { make } = await import('../src/state/calls.ts');
    const entry: Entry = { id: 'itemGet', method: 'POST', path: '/item/get', product: 'items', title: '' };
    const rust = { product: 'items', method: 'get', args: [], setters: {}, types: {} };
    const operation = { entry, detail: { id: 'itemGet', description: '', request: null, rust } };
    const encoded = encode(requestShape(operation.detail), {});
    gatewayUrl.value = 'http://127.0.0.1:9';
    const work = workOf('itemGet');
    let signal: AbortSignal | null | undefined;
    let answer: (response: Response) => void = () => {};
    // It answers all the same, as one does whose answer is on its way already.
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      signal = init.signal;
      return new Promise<Response>((done) => (answer = done));
    });
    const call = async (meanwhile: () => void) => {
      const made = make(operation, work, encoded);
      meanwhile();
      answer(Response.json({ access_token: 'hush' }));
      await made;
    };

    await call(forgetWork);
    expect(signal?.aborted).toBe(true);
    expect(work.outcome.value).toBeNull();
    expect(work.running.value).toBeNull();
    expect(carriedFor('access_token')).toEqual([]);
    expect(history.value).toEqual([]);

    await call(() => {});
    expect(carriedFor('access_token')).toMatchObject([{ value: 'hush' }]);
    expect(history.value.length).toBe(1);
    vi.unstubAllGlobals();
  });
});

describe('the history', () => {
  const call = { id: 'itemGet', at: 5, status: 200, milliseconds: 12, requestId: 'r', form: '{}' };

  test('is there after a reload, and bounded', async () => {
    const { record } = await import('../src/state/history.ts');
    for (let count = 0; count < 70; count += 1) record({ ...call, at: count });
    vi.resetModules();
    const { history, forgetHistory } = await import('../src/state/history.ts');
    expect(history.value.length).toBe(60);
    expect(history.value[0]).toEqual({ ...call, at: 69 });
    forgetHistory();
    expect(localStorage.length).toBe(0);
  });

  test('keeps no form that is too long, and the call all the same', async () => {
    const { history, record } = await import('../src/state/history.ts');
    record({ ...call, form: JSON.stringify('x'.repeat(4000)) });
    expect(history.value).toEqual([{ ...call, form: '' }]);
  });

  test.each(['{', '5', '{"a":1}', '[1,null,{"id":5},{"id":"x","requestId":"","form":"{"}]'])(
    'reads %s as it finds it',
    async (stored) => {
      localStorage.setItem('plaid-explorer.history', stored);
      const { history } = await import('../src/state/history.ts');
      expect(history.value.every(({ id, form }) => id === 'x' && form === '')).toBe(true);
    },
  );
});

describe('an address', () => {
  test('opens an operation with its form', () => {
    const form = '{"name":"a & b # ? %","amount":0.10}';
    const route = parseRoute(hrefOf('itemGet', form));
    expect(route).toMatchObject({ id: 'itemGet', broken: false });
    expect(JSON.stringify(route.form)).toContain('a & b # ? %');
  });

  test.each(['#/itemGet?form=%7B', '#/itemGet?form=%E0%A4%A', `#/itemGet?form=${'['.repeat(30_000)}`])(
    'with a form that cannot be read opens the operation, and says so',
    (hash) => {
      expect(parseRoute(hash)).toMatchObject({ id: 'itemGet', form: undefined, broken: true });
    },
  );

  test.each(['', '#', '#/', '#/../x', '#/<img>', '#//evil.example', `#/${'x'.repeat(99)}`])(
    '%s is the first page',
    (hash) => {
      expect(parseRoute(hash).id).toBe('');
    },
  );
});
