import { parseJson, quote } from '../model/json.ts';
import {
  address,
  fileName,
  fromJson,
  identity,
  isExact,
  isFile,
  prepared,
  render,
  type Dialect,
  type Snippet,
} from './common.ts';

export const python: Snippet = (operation, request, settings) => {
  const call = prepared(operation, request);
  const headers = [
    ...identity(settings).map(
      ({ header, variable, bearer }) => `${quote(header)}: ${bearer ? `"Bearer " + ${env(variable)}` : env(variable)}`,
    ),
    ...call.headers.map(([name, value]) => `${quote(name)}: ${value.secret ? env(value.secret) : quote(value.text)}`),
  ];
  const body = call.body && render(call.body, dialect, '    ');
  // httpx writes floats; simplejson writes decimals with all their digits.
  const decimals = body?.includes('Decimal(') ?? false;
  const args = [
    address(settings, call, url),
    ...(headers.length > 0 || decimals
      ? [
          `headers={\n${[...headers, ...(decimals ? ['"Content-Type": "application/json"'] : [])].map((header) => `        ${header},\n`).join('')}    }`,
        ]
      : []),
    ...(body ? [decimals ? `content=simplejson.dumps(${body}, use_decimal=True)` : `json=${body}`] : []),
    'timeout=120',
  ];
  const code = `response = httpx.${call.method.toLowerCase()}(
${args.map((arg) => `    ${arg},\n`).join('')})
response.raise_for_status()
${isFile(operation) ? `with open(${quote(fileName(operation))}, "wb") as file:\n    file.write(response.content)` : 'print(response.text)'}
`;
  return `${imports(code, decimals)}\n\n${code}`;
};

function imports(code: string, decimals: boolean): string {
  const standard = [
    ...(code.includes('os.environ') ? ['import os'] : []),
    ...(decimals ? ['from decimal import Decimal'] : []),
    ...(code.includes('urllib.') ? ['import urllib.parse'] : []),
  ];
  const others = ['import httpx', ...(decimals ? ['import simplejson'] : [])];
  return [...standard, ...(standard.length > 0 ? [''] : []), ...others].join('\n');
}

const url = {
  text: quote,
  secret: (variable: string) => `urllib.parse.quote(${env(variable)}, safe="")`,
  joint: ' + ',
};

const dialect: Dialect = {
  text: (wire) => (wire.secret ? env(wire.secret) : quote(wire.text)),
  number: (text) => (isExact(text) || /^-?\d+$/.test(text) ? text : `Decimal(${quote(text)})`),
  bool: (value) => (value ? 'True' : 'False'),
  null: 'None',
  key: (name) => `${quote(name)}: `,
  any: (text) => fromJson(parseJson(text)),
  trailing: ',',
  indent: '    ',
};

function env(variable: string): string {
  return `os.environ[${quote(variable)}]`;
}
