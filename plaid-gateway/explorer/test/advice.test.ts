import { expect, test } from 'vitest';
import table from '../src/generated/advice.json';
import { ACTIONS, failureOf } from '../src/model/advice.ts';
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

const adviceOn = (status: number, type: string, code: string, own?: boolean) =>
  failureOf(status, { error_type: type, error_code: code }, own).advice;

test('there is advice for whatever the crate’s table calls for', () => {
  expect(Object.keys(table).length).toBeGreaterThan(150);
  for (const action of new Set(Object.values(table))) expect(ACTIONS).toHaveProperty(action);
});

test('who has to correct credentials depends on whose they are', () => {
  const unknown = ['INVALID_INPUT', 'INVALID_API_KEYS'] as const;
  expect(adviceOn(401, ...unknown)).toContain('caller key');
  expect(adviceOn(401, ...unknown, true)).toContain('caller key');
  expect(adviceOn(400, ...unknown)).toContain('the gateway’s credentials');
  expect(adviceOn(400, ...unknown, true)).toContain('your client ID and secret');
  expect(adviceOn(401, 'OAUTH_ERROR', 'INVALID_CLIENT', true)).toContain('your client ID and secret');
});

test('a refusal that has a code of its own is told by it, whatever its status', () => {
  expect(adviceOn(401, 'ITEM_ERROR', 'ITEM_LOGIN_REQUIRED')).toContain('update mode');
  expect(adviceOn(403, 'INVALID_REQUEST', 'INVALID_HEADERS')).toContain('Correct the field');
  expect(adviceOn(403, 'INVALID_INPUT', 'UNAUTHORIZED_ROUTE_ACCESS')).toContain('does not allow this caller');
  expect(adviceOn(400, 'INVALID_INPUT', 'UNAUTHORIZED_ROUTE_ACCESS')).toContain('Dashboard');
  expect(adviceOn(403, 'NEW_ERROR', 'OF_NEXT_YEAR')).toContain('read the message');
});

test.each([
  [401, 'caller key'],
  [403, 'does not allow this caller'],
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
