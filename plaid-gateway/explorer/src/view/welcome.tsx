import { useEffect } from 'preact/hooks';
import { hrefOf } from '../state/route.ts';
import { slash } from '../state/shortcuts.ts';
import { byPath, index } from '../state/session.ts';
import { dialogs } from './dialog.tsx';
import { gateway, settings } from '../state/connection.ts';

const FIRST_STEPS: [path: string, what: string][] = [
  ['/sandbox/public_token/create', 'Make a test Item: institution ins_109508, product auth.'],
  ['/item/public_token/exchange', 'Exchange its public token; the form offers the one you just got.'],
  ['/accounts/get', 'List its accounts with the access token.'],
  ['/processor/stripe/bank_account_token/create', 'Make a Stripe token for one of them.'],
];

export function Welcome({ unknown }: { unknown: string }) {
  const set = 'url' in gateway.value;
  useEffect(() => {
    document.title = 'Plaid API explorer';
  }, []);
  return (
    <article class="welcome">
      {unknown && (
        <p class="panel failed" role="alert">
          There is no operation “{unknown}”. It may be of another version; search for it.
        </p>
      )}
      <h1 id="title" tabIndex={-1}>
        Try any call of the Plaid API
      </h1>
      <p>
        {index.value?.operations.length} operations, version {index.value?.version}. Choose one from the list or press{' '}
        <kbd>{slash.value ? '/' : 'Ctrl+K'}</kbd> to search. Fill its form, send it through the gateway, and copy the
        code for it.
        {settings.value?.environment && (
          <>
            {' '}
            This gateway talks to <strong>{environmentName(settings.value.environment)}</strong>.
          </>
        )}
      </p>
      {!set && (
        <p>
          <button type="button" class="primary" onClick={() => dialogs.open('connection')}>
            Set the gateway
          </button>{' '}
          once; it stays in this browser.
        </p>
      )}
      <h2>From nothing to a Stripe token</h2>
      <ol class="steps">
        {FIRST_STEPS.map(([path, what]) => {
          const entry = byPath.value.get(path);
          return (
            entry && (
              <li key={path}>
                <a href={hrefOf(entry.id)}>
                  <code>{path}</code>
                </a>
                <span>{what}</span>
              </li>
            )
          );
        })}
      </ol>
      <p class="hint">
        Tokens and ids of answers offer themselves in the forms that need them, until you close or reload the page.
      </p>
      <p class="hint">
        <a href="licences.txt">Licences</a> of what this page is made of. It is not Plaid’s.
      </p>
    </article>
  );
}

function environmentName(environment: string): string {
  const names: Record<string, string> = {
    emulator: 'the emulator',
    sandbox: 'Plaid’s sandbox',
    production: 'Plaid’s production',
  };
  return names[environment] ?? environment;
}
