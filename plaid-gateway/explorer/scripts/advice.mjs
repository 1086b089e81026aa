// Writes src/generated/advice.json: what each of Plaid's errors calls for, from the
// table that the crate goes by, so that both say the same.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const target = new URL('src/generated/advice.json', root);

const screaming = (name) => name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toUpperCase();

export function advice() {
  const table = readFileSync(new URL('../../plaid/src/error/table.rs', root), 'utf8');
  const codes = readFileSync(new URL('../../plaid/src/error/code.rs', root), 'utf8');
  const wire = new Map([...codes.matchAll(/^\s*(\w+)\s*=>\s*"([A-Z0-9_]+)"/gm)].map(([, name, text]) => [name, text]));
  const rows = [...table.matchAll(/^\s*row\(T::(\w+), C::(\w+), [^,]+, A::(\w+),/gm)];
  return Object.fromEntries(
    rows.map(([, type, code, action]) => [`${screaming(type)}/${wire.get(code) ?? screaming(code)}`, action]),
  );
}

export const text = () => `${JSON.stringify(advice(), null, 0).replaceAll('","', '",\n"')}\n`;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  mkdirSync(new URL('.', target), { recursive: true });
  writeFileSync(target, text());
}
