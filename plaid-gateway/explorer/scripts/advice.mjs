// Writes src/generated/advice.json: what each of Plaid's errors calls for, from the
// table that the crate goes by, so that both say the same. With --check it only says
// whether they do.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const target = new URL('src/generated/advice.json', root);

const screaming = (name) => name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toUpperCase();

function advice() {
  const table = readFileSync(new URL('../../plaid/src/error/table.rs', root), 'utf8');
  const codes = readFileSync(new URL('../../plaid/src/error/code.rs', root), 'utf8');
  const wire = new Map([...codes.matchAll(/^\s*(\w+)\s*=>\s*"([A-Z0-9_]+)"/gm)].map(([, name, text]) => [name, text]));
  const rows = [...table.matchAll(/^\s*row\(T::(\w+), C::(\w+), [^,]+, A::(\w+),/gm)];
  return Object.fromEntries(
    rows.map(([, type, code, action]) => [`${screaming(type)}/${wire.get(code) ?? screaming(code)}`, action]),
  );
}

const text = `${JSON.stringify(advice(), null, 0).replaceAll('","', '",\n"')}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/generated/advice.json is old: run node scripts/advice.mjs in plaid-gateway/explorer');
    process.exit(1);
  }
} else {
  mkdirSync(new URL('.', target), { recursive: true });
  writeFileSync(target, text);
}
