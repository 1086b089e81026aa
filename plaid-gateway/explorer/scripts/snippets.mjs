// Prints the snippets of all operations as JSON, with the request that each has to make: for
// their forms as the page opens them (`"form": "opened"`), with what is required filled in,
// and with everything.
//
//     node scripts/snippets.mjs [gateway URL] > snippets.json
import { readFileSync, writeFileSync } from 'node:fs';
import { runnerImport } from 'vite';

const root = new URL('../', import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));
const { module } = await runnerImport(new URL('src/snippets/samples.ts', root).pathname, {
  configFile: false,
  logLevel: 'error',
});
const gateway = process.argv[2] ?? 'http://127.0.0.1:1';
const samples = read('catalogue/index.json').operations.flatMap((entry) =>
  module.samplesOf(entry, read(`catalogue/operations/${entry.id}.json`), gateway),
);
writeFileSync(1, `${JSON.stringify(samples, null, 1)}\n`);
