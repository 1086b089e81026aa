// What the browser's tests share: Chromium, a page that fails on any error, and a few steps.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launch() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  assert.ok(executablePath, 'Chromium is missing: apt-get install chromium, or set CHROMIUM to its path');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page that remembers what went wrong in it and where it talked to. */
export async function openPage(context, origin) {
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(`error in the page: ${error.message}`));
  page.on('console', (message) => {
    // A status that is none of the 200s is an answer here, and tested as such.
    const isAnswer = message.text().startsWith('Failed to load resource: the server responded with a status of');
    if (message.type() === 'error' && !isAnswer) problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    // What a blob is of, its own origin says; a data: URL has none.
    const { origin: to, protocol } = new URL(request.url());
    if (to !== new URL(origin).origin && protocol !== 'data:') problems.push(`left the gateway: ${to}`);
  });
  return { page, problems };
}

export const settled = { timeout: 15_000 };

export async function setGateway(page, url, key = '') {
  await page.getByRole('button', { name: 'Set gateway' }).click();
  await page.getByLabel('Gateway URL').fill(url);
  if (key) await page.getByLabel('Caller key').fill(key);
  await done(page);
}

/** Closes the panel of the gateway. Until it is closed it holds the focus, and gives it back then. */
export async function done(page) {
  await page.getByRole('button', { name: 'Done' }).click();
  await page.locator('dialog[open]').waitFor({ state: 'detached', ...settled });
}

export const field = (page, name) => page.locator(`[id="field-${name}"]`);
export const code = (page) => page.locator('#code code');
/** Opens the optional fields of the operation, however many there are. */
export const openOptional = (page) => page.locator('.request form > .optional > summary').click();
export const sendButton = (page) => page.getByRole('button', { name: 'Send', exact: true });

/** Opens an operation, with or without a reload of the page. */
export async function open(page, origin, id) {
  await page.goto(`${origin}/explorer/#/${id}`);
  await page.locator('.request').waitFor(settled);
  await page.waitForFunction(
    (wanted) => document.querySelector(`nav a[aria-current]`)?.hash === `#/${wanted}` || innerWidth < 800,
    id,
    settled,
  );
}

/** Sends the form and gives the status that is shown. */
export async function sendAndWait(page) {
  const before = Number(await page.locator('.answer').getAttribute('data-calls'));
  await page
    .locator('.send button.primary:enabled')
    .waitFor(settled)
    .catch(async () => assert.fail(`it cannot be sent: ${await page.locator('.request').innerText()}`));
  await sendButton(page).click();
  await page.locator(`.answer[data-calls="${before + 1}"]`).waitFor(settled);
  return page.locator('.answer .summary > :first-child').innerText();
}
