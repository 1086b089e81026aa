/** All operations, by product. */
import { useSignal, useSignalEffect } from '@preact/signals';
import type { Entry, Product } from '../model/catalogue.ts';
import { useEffect } from 'preact/hooks';
import { hrefOf } from '../state/route.ts';
import { current, index } from '../state/session.ts';

export function Products() {
  const list = index.value;
  const chosen = current.value?.id;
  useEffect(() => {
    // Once its group has been opened.
    const timer = setTimeout(() => document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest' }));
    return () => clearTimeout(timer);
  }, [chosen]);
  if (!list) return null;
  return (
    <>
      {list.products.map((product) => (
        <Group
          key={product.id}
          product={product}
          entries={list.operations.filter((entry) => entry.product === product.id)}
        />
      ))}
    </>
  );
}

function Group({ product, entries }: { product: Product; entries: Entry[] }) {
  const open = useSignal(false);
  useSignalEffect(() => {
    if (current.value?.product === product.id) open.value = true;
  });
  if (entries.length === 0) return null;
  return (
    <details open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>
        {product.title} <span class="note">{entries.length}</span>
      </summary>
      {open.value && (
        <ul>
          {entries.map((entry) => (
            <li key={entry.id}>
              <a
                href={hrefOf(entry.id)}
                aria-current={current.value?.id === entry.id ? 'page' : undefined}
                title={entry.title}
              >
                {breakable(entry.path)}
              </a>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

/** Paths break into lines where a part ends. */
function breakable(path: string) {
  return path.split(/(?=[/_])/).map((part, place) => (
    <>
      {place > 0 && <wbr />}
      {part}
    </>
  ));
}
