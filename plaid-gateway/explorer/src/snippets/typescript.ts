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

export const typescript: Snippet = (operation, request, settings) => {
  const call = prepared(operation, request);
  const headers = [
    ...identity(settings).map(
      ({ header, variable, bearer }) =>
        `${key(header)}${bearer ? `\`Bearer \${process.env.${variable}}\`` : env(variable)}`,
    ),
    ...call.headers.map(([name, value]) => `${key(name)}${value.secret ? env(value.secret) : quote(value.text)}`),
    ...(call.body ? ['"Content-Type": "application/json"'] : []),
  ];
  const options = [
    ...(call.method === 'GET' ? [] : [`method: ${quote(call.method)}`]),
    ...(headers.length > 0 ? [`headers: {\n${headers.map((header) => `    ${header},\n`).join('')}  }`] : []),
    ...(call.body ? [`body: JSON.stringify(${render(call.body, dialect, '  ')})`] : []),
  ];
  const given = options.length > 0 ? `, {\n${options.map((option) => `  ${option},\n`).join('')}}` : '';
  return `${isFile(operation) ? 'import { writeFile } from "node:fs/promises";\n\n' : ''}\
const response = await fetch(${address(settings, call, url)}${given});
if (!response.ok) throw new Error(\`\${response.status} \${await response.text()}\`);
${isFile(operation) ? `await writeFile(${quote(fileName(operation))}, Buffer.from(await response.arrayBuffer()));` : 'console.log(await response.text());'}
`;
};

const url = { text: quote, secret: (variable: string) => `encodeURIComponent(${env(variable)})`, joint: ' + ' };

const dialect: Dialect = {
  text: (wire) => (wire.secret ? env(wire.secret) : quote(wire.text)),
  // A double would lose digits; this writes them as they are.
  number: (text) => (isExact(text) ? text : `JSON.rawJSON(${quote(text)})`),
  bool: String,
  null: 'null',
  key,
  any: (text) => fromJson(parseJson(text)),
  trailing: ',',
  indent: '  ',
};

function key(name: string): string {
  // Written bare, `__proto__` would set the prototype.
  if (name === '__proto__') return '["__proto__"]: ';
  return `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)}: `;
}

// The value is there or the program is of no use; `JSON.stringify` would leave it out.
function env(variable: string): string {
  return `process.env.${variable}!`;
}
