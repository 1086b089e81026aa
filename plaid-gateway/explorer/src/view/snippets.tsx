import { useComputed, useSignal } from '@preact/signals';
import type { Operation } from '../model/catalogue.ts';
import { encode } from '../model/form.ts';
import type { RequestShape } from '../model/shape.ts';
import { LANGUAGES } from '../snippets/index.ts';
import { callerKey, gateway, ownCredentials, ownSecrets } from '../state/connection.ts';
import type { Work } from '../state/session.ts';
import * as storage from '../state/storage.ts';
import { Code } from './code.tsx';
import { Copy } from './copy.tsx';

/** Stands in the code until a gateway is set. */
const DEFAULT_GATEWAY = 'https://gateway.example';

/** The code for the call as the form is now. */
export function Snippets({ operation, work, shape }: { operation: Operation; work: Work; shape: RequestShape }) {
  const chosen = useSignal(LANGUAGES.find(({ id }) => id === storage.read('language')) ?? LANGUAGES[0]);
  const language = chosen.value;
  const code = useComputed(() => {
    const state = gateway.value;
    const settings = {
      gateway: 'url' in state ? state.url : DEFAULT_GATEWAY,
      key: callerKey.value !== '',
      ownCredentials: ownCredentials.value,
    };
    const { wire } = encode(shape, work.form.value, { holes: true, own: ownSecrets.value });
    return chosen.value?.write(operation, wire, settings) ?? '';
  });
  if (!language) return null;
  const choose = (index: number) => {
    const next = LANGUAGES[(index + LANGUAGES.length) % LANGUAGES.length];
    if (!next) return;
    chosen.value = next;
    storage.write('language', next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <section class="panel" aria-label="Code">
      <div class="panel-head">
        <div role="tablist" aria-label="Language of the code">
          {LANGUAGES.map(({ id, title }, place) => (
            <button
              key={id}
              id={`tab-${id}`}
              type="button"
              role="tab"
              aria-selected={id === language.id}
              aria-controls="code"
              tabIndex={id === language.id ? 0 : -1}
              onClick={() => choose(place)}
              onKeyDown={(event) => {
                if (event.key === 'ArrowRight') choose(place + 1);
                if (event.key === 'ArrowLeft') choose(place - 1);
              }}
            >
              {title}
            </button>
          ))}
        </div>
        <Copy label="Copy code" text={() => code.value} />
      </div>
      <div id="code" role="tabpanel" aria-labelledby={`tab-${language.id}`}>
        <Code text={code.value} language={language.highlight} label={`${language.title} code`} />
      </div>
    </section>
  );
}
