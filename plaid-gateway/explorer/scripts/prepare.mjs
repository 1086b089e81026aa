// Copies this folder to `<base>/<name>` and installs its packages into `<base>`, so that
// nothing is built inside the repository by a test. Each test has a copy of its own; the
// packages are shared, and installed again when the lock file changes.
//
//     node scripts/prepare.mjs <base> <name>
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const [base, name] = process.argv.slice(2);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  throw new Error(`Node 20.19 or later is needed, this is ${process.versions.node}`);
if (!base || !name) throw new Error('usage: node scripts/prepare.mjs <base> <name>');
const source = fileURLToPath(new URL('..', import.meta.url));
const copy = join(base, name);
const stamp = join(base, 'node_modules/.installed');
const lock = join(base, 'installing');

mkdirSync(base, { recursive: true });
rmSync(copy, { recursive: true, force: true });
cpSync(source, copy, {
  recursive: true,
  filter: (path) => relative(source, path).split(/[\\/]/)[0] !== 'node_modules',
});
await alone(install);

function install() {
  const wanted = readFileSync(join(source, 'package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(source, file), join(base, file));
  // npm's own words go to stderr, where a test shows them.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: base, stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, wanted);
}

/** Two tests may install at once. The lock of one that was killed is taken over when it is old. */
async function alone(work) {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - since > 300_000) rmSync(lock, { recursive: true, force: true });
      await new Promise((done) => setTimeout(done, 200));
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
