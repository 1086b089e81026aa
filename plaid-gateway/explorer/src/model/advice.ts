/** What to do about an error, in a sentence. */
import table from '../generated/advice.json';
import { isObject, type Json } from './json.ts';

export const ACTIONS: Record<string, string> = {
  RetryWithBackoff: 'A passing trouble. Send it again after a pause, and let the pauses grow.',
  WaitThenRetry: 'Not ready yet. Send the same request again after the webhook that says it is, or in a minute.',
  RestartPagination: 'The data changed between two pages. Drop them and start over from the first cursor.',
  RelinkUpdateMode:
    'The user has to log in or consent again: open Link in update mode for this Item. In the sandbox, make a new Item.',
  NewLinkSession:
    'This Item or token is of no more use. Send the user through Link again; in the sandbox, make a new public token.',
  RecreateReport: 'This report cannot be had any more. Create a new one.',
  UserAction: 'Only the user can put it right: show them the message.',
  AccountSetup: 'Not set up for your team. Ask for it in the Plaid Dashboard.',
  PermanentInstitution: 'The institution does not support this. Do not try again.',
  FixRequest: 'The request is wrong. Correct the field that the message names, then send it again.',
};

/** Plaid does not know the client: whose credentials they are decides what to do. */
const UNKNOWN_CLIENT = ['INVALID_INPUT/INVALID_API_KEYS', 'OAUTH_ERROR/INVALID_CLIENT'];
const GATEWAYS_CREDENTIALS =
  'Plaid does not know the gateway’s credentials, or they are of another environment. Whoever runs it has to correct its configuration.';
const OWN_CREDENTIALS =
  'Plaid does not know your client ID and secret, or they are of another environment than the gateway’s. Correct them in the gateway panel.';

const BY_TYPE: Record<string, string> = {
  RATE_LIMIT_EXCEEDED: 'RetryWithBackoff',
  API_ERROR: 'RetryWithBackoff',
  INVALID_REQUEST: 'FixRequest',
  INVALID_INPUT: 'FixRequest',
};

export interface Failure {
  type: string;
  code: string;
  message: string;
  advice: string;
  documentation: string;
}

/**
 * The error in an answer that is none of the 200s.
 * @param own whether the call was made with the caller's own credentials.
 */
export function failureOf(status: number, json: Json | undefined, own = false): Failure {
  const body = isObject(json) ? json : {};
  const type = text(body.error_type) || (text(body.error) ? 'OAUTH_ERROR' : '');
  const code = text(body.error_code) || text(body.error).toUpperCase();
  return {
    type,
    code,
    message: text(body.error_message) || text(body.error_description) || text(body.display_message),
    advice: adviceFor(status, type, code, own),
    documentation: webAddress(text(body.documentation_url)),
  };
}

function adviceFor(status: number, type: string, code: string, own: boolean): string {
  const key = `${type}/${code}`;
  // The gateway tells a caller that it does not know as Plaid tells a client, but for the status.
  if (status === 401 && (code === '' || key === 'INVALID_INPUT/INVALID_API_KEYS'))
    return 'The gateway does not know this caller. Set the caller key, or correct it.';
  if (status === 403 && (code === '' || code === 'UNAUTHORIZED_ROUTE_ACCESS'))
    return 'The gateway does not allow this caller to make this call. Ask whoever runs it.';
  if (UNKNOWN_CLIENT.includes(key)) return own ? OWN_CREDENTIALS : GATEWAYS_CREDENTIALS;
  const action = (table as Record<string, string>)[key] ?? BY_TYPE[type];
  return (action && ACTIONS[action]) || byStatus(status);
}

function byStatus(status: number): string {
  if (status === 401 || status === 403) return 'The call was refused: read the message.';
  if (status === 404) return 'Nothing is there under this address. Check that the gateway’s URL is right.';
  if (status === 413) return 'The request is larger than the gateway takes.';
  if (status === 429) return 'Too many calls. Wait a little, then send it again.';
  if (status === 502 || status === 503 || status === 504)
    return 'The gateway got no answer from Plaid. Try again; look up a write before you repeat it.';
  return 'New to this page: read the message.';
}

function text(json: Json | undefined): string {
  return typeof json === 'string' ? json : '';
}

function webAddress(address: string): string {
  return /^https:\/\/plaid\.com\//.test(address) ? address : '';
}
