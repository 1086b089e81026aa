import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureOf } from '../src/model/advice.ts';
import { parseJson } from '../src/model/json.ts';

const TABLE = new URL('../../../plaid/src/error/table.rs', import.meta.url);

// Where the folder was copied to, the crate is not beside it; CI runs this in the repository.
test.runIf(existsSync(TABLE))('the page gives the advice that the crate gives', async () => {
  const script = '../scripts/advice.mjs';
  const { text } = (await import(/* @vite-ignore */ script)) as { text: () => string };
  expect(
    readFileSync(new URL('../src/generated/advice.json', import.meta.url), 'utf8'),
    'run node scripts/advice.mjs',
  ).toBe(text());
});

test('an error says what to do', () => {
  const failure = failureOf(
    400,
    parseJson(
      '{"error_type":"ITEM_ERROR","error_code":"ITEM_LOGIN_REQUIRED","error_message":"m","documentation_url":"https://plaid.com/docs/?ref=error"}',
    ),
  );
  expect(failure.advice).toContain('update mode');
  expect(failure.documentation).toBe('https://plaid.com/docs/?ref=error');
});

test.each([
  [401, 'caller key'],
  [404, 'URL'],
  [413, 'larger'],
  [429, 'Wait'],
  [504, 'no answer'],
  [418, 'read the message'],
])('a bare %i says what to do', (status, words) => {
  expect(failureOf(status, undefined).advice).toContain(words);
});

test('an error of OAuth is told by its own fields', () => {
  expect(failureOf(400, parseJson('{"error":"invalid_grant","error_description":"d"}'))).toMatchObject({
    type: 'OAUTH_ERROR',
    code: 'INVALID_GRANT',
    message: 'd',
  });
});

test.each(['javascript:alert(1)', 'http://plaid.com/', 'https://plaid.com.evil.example/', ''])(
  '%s is no link to documentation',
  (url) => {
    expect(failureOf(400, { documentation_url: url }).documentation).toBe('');
  },
);
