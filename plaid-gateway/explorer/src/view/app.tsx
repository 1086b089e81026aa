import { useSignal } from '@preact/signals';
import { Clock, Menu, Monitor, Moon, PlugZap, Search as SearchIcon, Sun } from 'lucide';
import { useEffect } from 'preact/hooks';
import { gateway, settings } from '../state/connection.ts';
import { route } from '../state/route.ts';
import { slash } from '../state/shortcuts.ts';
import { current, index, trouble } from '../state/session.ts';
import { nextTheme, theme } from '../state/theme.ts';
import { Connection } from './connection.tsx';
import { dialogs, type DialogName } from './dialog.tsx';
import { useTitleFocus } from './focus.ts';
import { History } from './history.tsx';
import { Icon } from './icon.tsx';
import { OperationPage } from './operation.tsx';
import { Products } from './products.tsx';
import { Search } from './search.tsx';
import { Welcome } from './welcome.tsx';

export function App() {
  useShortcuts();
  useTitleFocus(route.value.id);
  return (
    <>
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the operation
      </a>
      <Header />
      <div class="columns">
        <nav class="list" aria-label="Operations">
          <Products />
        </nav>
        <main id="main" tabIndex={-1}>
          <Content />
        </main>
      </div>
      <Search />
      <Connection />
      <History />
    </>
  );
}

function focusMain(event: Event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Content() {
  if (trouble.value) {
    return (
      <p class="panel failed" role="alert">
        {trouble.value}
      </p>
    );
  }
  if (!index.value) return <p class="loading">Reading the list of operations…</p>;
  const entry = current.value;
  if (entry) return <OperationPage key={entry.id} entry={entry} />;
  return <Welcome unknown={route.value.id} />;
}

function Header() {
  const set = 'url' in gateway.value;
  return (
    <header>
      <button
        type="button"
        class="quiet only-narrow"
        aria-label="List of operations"
        onClick={() => dialogs.open('search')}
      >
        <Icon of={Menu} />
      </button>
      <a class="brand" href="#/">
        Plaid <span>API explorer</span>
      </a>
      <button
        type="button"
        class="search"
        aria-keyshortcuts={slash.value ? '/ Control+K Meta+K' : 'Control+K Meta+K'}
        onClick={() => dialogs.open('search')}
      >
        <Icon of={SearchIcon} /> <span>Search operations</span> <kbd>{slash.value ? '/' : 'Ctrl+K'}</kbd>
      </button>
      <span class="space" />
      {settings.value?.environment && <Environment name={settings.value.environment} />}
      <button type="button" class={set ? 'status set' : 'status unset'} onClick={() => dialogs.open('connection')}>
        <Icon of={PlugZap} /> {set ? 'Gateway' : 'Set gateway'}
      </button>
      <Tool name="history" label="History" icon={Clock} />
      <ThemeButton />
    </header>
  );
}

/** Where calls end up: nobody should have to remember that it is production. */
function Environment({ name }: { name: string }) {
  return (
    <span class={name === 'production' ? 'environment live' : 'environment'} title="What this gateway talks to">
      {name}
    </span>
  );
}

function Tool({ name, label, icon }: { name: DialogName; label: string; icon: typeof Clock }) {
  return (
    <button type="button" class="quiet" aria-label={label} title={label} onClick={() => dialogs.open(name)}>
      <Icon of={icon} />
    </button>
  );
}

function ThemeButton() {
  const icon = { system: Monitor, light: Sun, dark: Moon }[theme.value];
  const label = `Colours: ${theme.value === 'system' ? 'as the system' : theme.value}`;
  return (
    <button type="button" class="quiet" aria-label={label} title={label} onClick={nextTheme}>
      <Icon of={icon} />
    </button>
  );
}

/** Ctrl+K searches from anywhere, and `/` from anywhere but a field unless it is switched off. */
function useShortcuts() {
  const installed = useSignal(false);
  useEffect(() => {
    if (installed.value) return;
    installed.value = true;
    addEventListener('keydown', (event) => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      const alone = slash.value && event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
      const control = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey);
      if (!alone && !control) return;
      event.preventDefault();
      dialogs.open('search');
    });
  }, []);
}
