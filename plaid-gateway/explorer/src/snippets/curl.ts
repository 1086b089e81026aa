import { parseJson, quote } from '../model/json.ts';
import {
  address,
  fileName,
  fromJson,
  identity,
  isFile,
  prepared,
  render,
  type Dialect,
  type Snippet,
} from './common.ts';

export const curl: Snippet = (operation, request, settings) => {
  const call = prepared(operation, request);
  const lines = [
    `curl -sS --fail-with-body${call.method === 'GET' ? '' : ` -X ${call.method}`} ${address(settings, call, url)}`,
  ];
  for (const { header, variable, bearer } of identity(settings))
    lines.push(`-H "${header}: ${bearer ? 'Bearer ' : ''}$${variable}"`);
  for (const [name, value] of call.headers)
    lines.push(value.secret ? `-H "${name}: $${value.secret}"` : `-H ${single(`${name}: ${value.text}`)}`);
  if (isFile(operation)) lines.push(`--output ${fileName(operation)}`);
  if (!call.body) return `${lines.join(' \\\n  ')}\n`;
  lines.push("-H 'Content-Type: application/json'", '--data-binary @- <<JSON');
  return `${lines.join(' \\\n  ')}\n${render(call.body, dialect)}\nJSON\n`;
};

// A token has no character that would have to be escaped in a path.
const url = { text: single, secret: (variable: string) => `"$${variable}"`, joint: '' };

/** JSON in a here-document, in which the shell fills in the variables. */
const dialect: Dialect = {
  text: (wire) => (wire.secret ? `"$${wire.secret}"` : literal(quote(wire.text))),
  number: (text) => text,
  bool: String,
  null: 'null',
  key: (name) => `${literal(quote(name))}: `,
  any: (text) => fromJson(parseJson(text)),
  trailing: '',
  indent: '  ',
};

function literal(text: string): string {
  return text.replace(/[\\$`]/g, '\\$&');
}

function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
