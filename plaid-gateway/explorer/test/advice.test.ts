import { expect, test } from 'vitest';
import { failureOf } from '../src/model/advice.ts';
import { parseJson } from '../src/model/json.ts';

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
