// Plaid's Node client, unmodified but for the host, against the emulator.
//
// PLAID_URL, PLAID_CLIENT_ID and PLAID_SECRET say where that is. `cargo test -p plaid-sandbox
// --test clients` starts one, sets them and installs what package-lock.json lists.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { Configuration, CountryCode, PlaidApi, Products } from 'plaid';

const { PLAID_URL, PLAID_CLIENT_ID, PLAID_SECRET } = process.env;
const BANK = 'ins_109508';
const PRODUCTS = [Products.Assets, Products.Auth, Products.Identity, Products.Transactions, Products.Transfer];

const client = (secret = PLAID_SECRET) =>
  new PlaidApi(
    new Configuration({
      basePath: PLAID_URL,
      baseOptions: { headers: { 'PLAID-CLIENT-ID': PLAID_CLIENT_ID, 'PLAID-SECRET': secret } },
    }),
  );
const plaid = client();

async function publicToken(options = {}) {
  const request = { institution_id: BANK, initial_products: PRODUCTS, options };
  return (await plaid.sandboxPublicTokenCreate(request)).data.public_token;
}

async function item(options) {
  const request = { public_token: await publicToken(options) };
  return (await plaid.itemPublicTokenExchange(request)).data;
}

async function newToken(options) {
  return (await item(options)).access_token;
}

async function accounts(access_token) {
  return (await plaid.accountsGet({ access_token })).data.accounts;
}

async function accountId(access_token, mask) {
  return (await accounts(access_token)).find((account) => account.mask === mask).account_id;
}

/** The error that a call has to end with: its body, as the client gives it. */
async function fails(type, code, call, status = 400) {
  const error = await call.then(
    () => assert.fail(`there was no ${code}`),
    (error) => error,
  );
  assert.ok(error.response, String(error));
  const { data } = error.response;
  assert.deepEqual([error.response.status, data.error_type, data.error_code], [status, type, code]);
  assert.match(data.request_id, /^[A-Za-z0-9]{15}$/);
  return data;
}

/** A server on loopback that keeps what is posted to it. */
async function receiver() {
  const received = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ signature: request.headers['plaid-verification'], body: Buffer.concat(chunks) });
    response.end();
    server.emit('arrived');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    close: () => server.close(),
    async wait(code) {
      const signal = AbortSignal.timeout(60_000);
      for (;;) {
        const found = received.find(({ body }) => JSON.parse(body).webhook_code === code);
        if (found) return found;
        await once(server, 'arrived', { signal });
      }
    },
  };
}

describe('Link', () => {
  it('makes a Link token and looks it up', async () => {
    const created = await plaid.linkTokenCreate({
      client_name: 'Shop',
      language: 'en',
      country_codes: [CountryCode.Us],
      products: [Products.Auth, Products.Transactions],
      user: { client_user_id: 'user-1' },
    });
    assert.match(created.data.link_token, /^link-sandbox-/);
    assert.ok(Date.parse(created.data.expiration) > Date.now());
    const found = await plaid.linkTokenGet({ link_token: created.data.link_token });
    assert.equal(found.data.link_token, created.data.link_token);
    assert.equal(found.data.metadata.client_name, 'Shop');
  });

  it('sees the session of a user who completes it, and gets the accounts', async () => {
    const { data } = await plaid.linkTokenCreate({
      client_name: 'Shop',
      language: 'en',
      country_codes: [CountryCode.Us],
      products: [Products.Auth],
      user: { client_user_id: 'user-2' },
    });
    const { link_token } = data;
    // There is no browser: the emulator plays the user.
    const answer = await fetch(`${PLAID_URL}/_sandbox/link/complete`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ link_token }),
    });
    const { public_token } = await answer.json();
    const found = await plaid.linkTokenGet({ link_token });
    assert.equal(found.data.link_sessions[0].results.item_add_results[0].public_token, public_token);
    const item = await plaid.itemPublicTokenExchange({ public_token });
    assert.equal((await accounts(item.data.access_token)).length, 12);
  });

  it('exchanges a public token once', async () => {
    const request = { public_token: await publicToken() };
    const { data } = await plaid.itemPublicTokenExchange(request);
    assert.match(data.access_token, /^access-sandbox-/);
    const found = await plaid.itemGet({ access_token: data.access_token });
    assert.equal(found.data.item.item_id, data.item_id);
    assert.equal(found.data.item.institution_id, BANK);
    assert.equal(found.data.item.error, null);
    await fails('INVALID_INPUT', 'INVALID_PUBLIC_TOKEN', plaid.itemPublicTokenExchange(request));
  });
});

describe('Accounts', () => {
  it('have balances, numbers and owners', async () => {
    const access_token = await newToken();
    assert.equal((await accounts(access_token)).length, 12);
    const live = await plaid.accountsBalanceGet({ access_token });
    const { balances } = live.data.accounts.find((account) => account.mask === '0000');
    assert.deepEqual([balances.available, balances.current, balances.iso_currency_code], [100, 110, 'USD']);
    const auth = await plaid.authGet({ access_token });
    assert.ok(auth.data.numbers.ach.some((number) => number.account === '1111222233330000'));
    const identity = await plaid.identityGet({ access_token });
    for (const account of identity.data.accounts) {
      const [owner] = account.owners;
      assert.ok(owner.names.length && owner.emails.length && owner.phone_numbers.length);
      assert.equal(owner.addresses.filter((address) => address.primary).length, 1);
    }
  });
});

describe('Transactions', () => {
  const page = async (access_token, cursor) =>
    (await plaid.transactionsSync({ access_token, cursor, count: 10 })).data;

  async function allPages(access_token, cursor) {
    const pages = [await page(access_token, cursor)];
    while (pages.at(-1).has_more) pages.push(await page(access_token, pages.at(-1).next_cursor));
    return pages;
  }

  it('come once each in pages, and are the same by date', async () => {
    const access_token = await newToken();
    const pages = await allPages(access_token);
    assert.ok(pages.length > 1);
    const added = new Map(pages.flatMap((page) => page.added).map((one) => [one.transaction_id, one]));
    assert.equal(added.size, pages.flatMap((page) => page.added).length);

    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const found = new Map();
    for (let total = 1; found.size < total; ) {
      const { data } = await plaid.transactionsGet({
        access_token,
        start_date: day(-800),
        end_date: day(1),
        options: { count: 20, offset: found.size },
      });
      total = data.total_transactions;
      assert.ok(data.transactions.length > 0);
      for (const one of data.transactions) found.set(one.transaction_id, one);
    }
    assert.deepEqual([...found.keys()].sort(), [...added.keys()].sort());
    for (const [id, one] of found) assert.equal(one.amount, added.get(id).amount);
  });

  it('are added, modified and removed by a refresh', async () => {
    const access_token = await newToken();
    let pages = await allPages(access_token);
    // What is pending after the first is booked, and by that replaced, at the second.
    for (let refreshes = 0; refreshes < 2; refreshes += 1) {
      await plaid.transactionsRefresh({ access_token });
      pages = await allPages(access_token, pages.at(-1).next_cursor);
    }
    for (const kind of ['added', 'modified', 'removed']) assert.ok(pages.some((page) => page[kind].length), kind);
  });

  it('that change between two pages are to be read again', async () => {
    const access_token = await newToken();
    const first = await page(access_token);
    assert.ok(first.has_more);
    await plaid.transactionsRefresh({ access_token });
    const code = 'TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION';
    await fails('TRANSACTIONS_ERROR', code, page(access_token, first.next_cursor));
    assert.equal((await allPages(access_token)).at(-1).has_more, false);
  });
});

describe('Partners', () => {
  it('get tokens that die with their Item', async () => {
    const access_token = await newToken();
    const account = { access_token, account_id: await accountId(access_token, '0000') };
    const stripe = await plaid.processorStripeBankAccountTokenCreate(account);
    assert.match(stripe.data.stripe_bank_account_token, /^btok_/);
    const { data } = await plaid.processorTokenCreate({ ...account, processor: 'dwolla' });
    const auth = () => plaid.processorAuthGet({ processor_token: data.processor_token });
    assert.equal((await auth()).data.account.account_id, account.account_id);
    await plaid.itemRemove({ access_token });
    await fails('ITEM_ERROR', 'ITEM_NOT_FOUND', auth());
    await fails('ITEM_ERROR', 'ITEM_NOT_FOUND', accounts(access_token));
  });
});

describe('Asset reports', () => {
  it('get ready and are read as JSON and PDF', async () => {
    const request = { access_tokens: [await newToken()], days_requested: 30 };
    const { data } = await plaid.assetReportCreate(request);
    const { asset_report_token } = data;
    const report = await ready(asset_report_token);
    assert.equal(report.asset_report_id, data.asset_report_id);
    assert.equal(report.items[0].accounts.length, 12);
    const pdf = await plaid.assetReportPdfGet({ asset_report_token }, { responseType: 'arraybuffer' });
    assert.equal(Buffer.from(pdf.data).subarray(0, 5).toString(), '%PDF-');
    assert.match(pdf.headers['plaid-request-id'], /^[A-Za-z0-9]{15}$/);
  });

  async function ready(asset_report_token) {
    for (let tries = 0; tries < 60; tries += 1) {
      try {
        return (await plaid.assetReportGet({ asset_report_token })).data.report;
      } catch (error) {
        assert.equal(error.response?.data.error_code, 'PRODUCT_NOT_READY', String(error));
        await pause(500);
      }
    }
    assert.fail('the report does not get ready');
  }
});

describe('Transfers', () => {
  it('are authorized, made and posted', async () => {
    const access_token = await newToken();
    const account = { access_token, account_id: await accountId(access_token, '0000') };
    const proposed = { ...account, type: 'debit', network: 'ach', ach_class: 'ppd', amount: '12.34' };
    const user = { legal_name: 'Anne Charleston' };
    const { authorization } = (await plaid.transferAuthorizationCreate({ ...proposed, user })).data;
    assert.equal(authorization.decision, 'approved');
    const request = { ...account, authorization_id: authorization.id, amount: '12.34', description: 'payment' };
    const { transfer } = (await plaid.transferCreate(request)).data;
    assert.deepEqual([transfer.amount, transfer.authorization_id], ['12.34', authorization.id]);
    await plaid.sandboxTransferSimulate({ transfer_id: transfer.id, event_type: 'posted' });
    assert.equal((await plaid.transferGet({ transfer_id: transfer.id })).data.transfer.status, 'posted');
    const { data } = await plaid.transferEventSync({ after_id: 0 });
    const ofThis = data.transfer_events.filter((event) => event.transfer_id === transfer.id);
    assert.deepEqual(ofThis.map((event) => event.event_type), ['pending', 'posted']);
  });
});

describe('Webhooks', () => {
  it('are signed with the key that the client fetches', async () => {
    const hook = await receiver();
    try {
      const access_token = await newToken({ webhook: hook.url });
      const request = { access_token, webhook_code: 'SYNC_UPDATES_AVAILABLE' };
      assert.ok((await plaid.sandboxItemFireWebhook(request)).data.webhook_fired);
      const { signature, body } = await hook.wait('SYNC_UPDATES_AVAILABLE');
      const { alg, kid } = decodeProtectedHeader(signature);
      assert.equal(alg, 'ES256');
      const { key } = (await plaid.webhookVerificationKeyGet({ key_id: kid })).data;
      const options = { algorithms: ['ES256'], maxTokenAge: '5 min' };
      const { payload } = await jwtVerify(signature, await importJWK(key), options);
      assert.equal(payload.request_body_sha256, createHash('sha256').update(body).digest('hex'));
      const forged = signature.slice(0, -4) + (signature.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      await assert.rejects(jwtVerify(forged, await importJWK(key), options), { code: /SIGNATURE/ });
    } finally {
      hook.close();
    }
  });

  it('with an unknown key are refused', async () => {
    const call = plaid.webhookVerificationKeyGet({ key_id: '6c5516e1-92dc-479e-a8ff-5a51992e0001' });
    await fails('INVALID_INPUT', 'INVALID_WEBHOOK_VERIFICATION_KEY_ID', call);
  });
});

describe('Errors', () => {
  it('say which keys, tokens and fields are wrong', async () => {
    const access_token = 'access-sandbox-1';
    const refused = await fails('INVALID_INPUT', 'INVALID_API_KEYS', client('0'.repeat(30)).accountsGet({ access_token }));
    assert.equal(Object.keys(refused).length, 7);
    for (const token of ['nonsense', 'access-sandbox-00000000-0000-4000-8000-000000000000'])
      await fails('INVALID_INPUT', 'INVALID_ACCESS_TOKEN', accounts(token));
    await fails('INVALID_REQUEST', 'INVALID_FIELD', accounts(''));
    await fails('INVALID_REQUEST', 'MISSING_FIELDS', plaid.accountsGet({}));
    const unknown = await fails('INVALID_REQUEST', 'UNKNOWN_FIELDS', plaid.accountsGet({ access_token, colour: 'red' }));
    assert.match(unknown.error_message, /colour/);
  });

  it('ask for a new login', async () => {
    const access_token = await newToken();
    await plaid.sandboxItemResetLogin({ access_token });
    await fails('ITEM_ERROR', 'ITEM_LOGIN_REQUIRED', plaid.accountsBalanceGet({ access_token }));
    const { error } = (await plaid.itemGet({ access_token })).data.item;
    assert.equal(error.error_code, 'ITEM_LOGIN_REQUIRED');
  });

  it('tell of a rate limit, and the next call passes', async () => {
    // Whoever starts the emulator has it refuse the first of these calls.
    const call = () => plaid.institutionsGetById({ institution_id: BANK, country_codes: [CountryCode.Us] });
    await fails('RATE_LIMIT_EXCEEDED', 'RATE_LIMIT', call(), 429);
    assert.equal((await call()).data.institution.institution_id, BANK);
  });
});
