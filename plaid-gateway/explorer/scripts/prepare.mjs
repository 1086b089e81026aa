// Copies this folder to where its packages may be installed, installs them, and prints
// nothing but what is missing. Nothing is built inside the repository by a test.
//
//     node scripts/prepare.mjs <folder>
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(source, '../../target/explorer'));
const stamp = join(target, 'node_modules/.installed');
const lock = `${target}.lock`;

const lockfile = readFileSync(join(source, 'package-lock.json'), 'utf8');

/** Two tests may want the folder at once; a lock of a test that was killed is old. */
async function alone(work) {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (Date.now() - statSync(lock, { throwIfNoEntry: false })?.mtimeMs > 300_000) rmSync(lock, { recursive: true, force: true });
      await new Promise((done) => setTimeout(done, 200));
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

mkdirSync(target, { recursive: true });
await alone(() => {
  const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile;
  for (const name of ['src', 'browser', 'scripts', 'test', 'catalogue', 'dist', 'public']) rmSync(join(target, name), { recursive: true, force: true });
  cpSync(source, target, { recursive: true, filter: (path) => !path.startsWith(join(source, 'node_modules')) });
  if (installed) return;
  // npm's own words go to stderr, where a test shows them.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: target, stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, lockfile);
});
