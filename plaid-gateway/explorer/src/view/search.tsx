import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Entry } from '../model/catalogue.ts';
import { searcher } from '../model/search.ts';
import { hrefOf } from '../state/route.ts';
import { index, productTitle } from '../state/session.ts';
import { slash } from '../state/shortcuts.ts';
import { Dialog, dialogs } from './dialog.tsx';
import { focusTitle } from './focus.ts';

/** The list below is the page's own, which the types of the element do not foresee. */
const COMBOBOX = { role: 'combobox' } as object;

export function Search() {
  return (
    <Dialog name="search" title="Search operations">
      {() => <Palette operations={index.value?.operations ?? []} />}
    </Dialog>
  );
}

function Palette({ operations }: { operations: readonly Entry[] }) {
  const find = useMemo(() => searcher(operations, productTitle), [operations]);
  const query = useSignal('');
  const active = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const found = useMemo(() => find(query.value), [find, query.value]);
  useEffect(() => input.current?.focus(), []);
  useEffect(
    () => document.getElementById(`found-${active.value}`)?.scrollIntoView({ block: 'nearest' }),
    [active.value],
  );

  const go = (entry: Entry | undefined) => {
    if (!entry) return;
    location.hash = hrefOf(entry.id);
    dialogs.close();
    focusTitle();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) active.value = Math.max(0, Math.min(found.length - 1, active.value + step));
    else if (event.key === 'Enter') go(found[active.value]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        ref={input}
        type="text"
        enterKeyHint="search"
        {...COMBOBOX}
        aria-label="Search operations by path, words or product"
        aria-expanded="true"
        aria-controls="found"
        aria-activedescendant={found.length > 0 ? `found-${active.value}` : undefined}
        placeholder="transfer list, stripe token, /item/get…"
        value={query.value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          active.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <p class="hint" role="status">
        {found.length === 0
          ? 'No operation has these words. Try fewer, or part of a path.'
          : `${found.length} ${found.length === 1 ? 'operation' : 'operations'}; arrows choose, Enter opens`}
      </p>
      <ul id="found" role="listbox" aria-label="Operations found">
        {found.map((entry, place) => (
          // The keyboard works from the field above, which names the chosen one.
          <li
            key={entry.id}
            id={`found-${place}`}
            role="option"
            aria-selected={place === active.value}
            onClick={() => go(entry)}
          >
            <code>{entry.path}</code>
            <span>{entry.title}</span>
            <small>{productTitle(entry.product)}</small>
          </li>
        ))}
      </ul>
      <label class="check">
        <input
          type="checkbox"
          checked={slash.value}
          onChange={(event) => (slash.value = event.currentTarget.checked)}
        />
        <kbd>/</kbd> opens this search, as Ctrl+K does
      </label>
    </>
  );
}
