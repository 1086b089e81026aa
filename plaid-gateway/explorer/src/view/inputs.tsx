/** The controls that one line of text, or a choice, goes into. */
import { useSignal } from '@preact/signals';
import { X } from 'lucide';
import type { Shape } from '../model/shape.ts';
import { carriedFor } from '../state/carried.ts';
import { describedBy, useAttributes, useForm, whenLeft, type Control } from './form-context.tsx';
import { Hidden } from './hidden.tsx';
import { Icon } from './icon.tsx';

export function Text({ shape, name, path, value, described }: Control) {
  const { set } = useForm();
  const attributes = useAttributes(path, described);
  const text = typeof value === 'string' ? value : '';
  const onInput = (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
    set(path, event.currentTarget.value);
  const common = { ...attributes, value: text, onInput, autocomplete: 'off', spellcheck: false };
  if (shape.kind === 'any') return <textarea {...common} rows={3} placeholder='{"name": "value"}' />;
  const format = shape.kind === 'text' ? shape.format : null;
  return (
    <>
      {format === 'secret' ? (
        <Hidden>{(type) => <input {...common} {...typed(type)} data-1p-ignore />}</Hidden>
      ) : (
        <input
          {...common}
          {...typed(format === 'date' ? 'date' : 'text')}
          inputMode={inputMode(shape)}
          placeholder={example(shape)}
        />
      )}
      <Offers name={name} secret={format === 'secret'} value={text} use={(offered) => set(path, offered)} />
    </>
  );
}

/** For the types of the elements a control has one kind, while here it is told by the schema. */
function typed(type: string) {
  return { type: type as 'text' };
}

function inputMode(shape: Shape): 'numeric' | 'decimal' | 'text' {
  if (shape.kind !== 'number') return 'text';
  return shape.integer ? 'numeric' : 'decimal';
}

function example(shape: Shape): string {
  if (shape.kind === 'number') return shape.integer ? '25' : '12.50';
  return shape.kind === 'text' && shape.format === 'date-time' ? '2026-01-31T12:00:00Z' : '';
}

/** Values of earlier calls that fit here. */
function Offers({
  name,
  secret,
  value,
  use,
}: {
  name: string;
  secret: boolean;
  value: string;
  use: (value: string) => void;
}) {
  const offers = carriedFor(name).filter((offer) => offer.value !== value);
  if (offers.length === 0 || value !== '') return null;
  return (
    <ul class="offers" aria-label={`Values for ${name} from earlier calls`}>
      {offers.slice(0, 5).map((offer) => (
        <li key={offer.value}>
          <button type="button" onClick={() => use(offer.value)}>
            {secret ? 'Use' : <code>{offer.label || shorten(offer.value)}</code>} <span>from {offer.from}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function shorten(text: string): string {
  return text.length > 16 ? `${text.slice(0, 6)}…${text.slice(-6)}` : text;
}

const OTHER = '\u0000other';

/** The values of today, or any other: Plaid adds some before this page knows them. */
export function Choice({
  path,
  name,
  value,
  options,
  closed = false,
  described,
}: Control & { options: string[]; closed?: boolean }) {
  const { set } = useForm();
  const attributes = useAttributes(path, described);
  const text = typeof value === 'string' ? value : '';
  const other = useSignal(text !== '' && !options.includes(text));
  const choose = (chosen: string) => {
    other.value = chosen === OTHER;
    set(path, chosen === OTHER ? '' : chosen);
  };
  return (
    <>
      <select
        {...attributes}
        value={other.value ? OTHER : text}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">—</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
        {!closed && <option value={OTHER}>another value…</option>}
      </select>
      {other.value && (
        <input
          type="text"
          class="other"
          aria-label={`Another value for ${name}`}
          aria-describedby={attributes['aria-describedby']}
          value={text}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => set(path, event.currentTarget.value)}
        />
      )}
    </>
  );
}

/** Several values of an enum. */
export function Choices({ path, name, value, options, described }: Control & { options: string[] }) {
  const { set, touch } = useForm();
  const chosen = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  const typing = useSignal<string | null>(null);
  const add = (item: string) => {
    if (item !== '' && !chosen.includes(item)) set(path, [...chosen, item]);
  };
  const remove = (event: { currentTarget: HTMLElement }, item: string) => {
    // The button goes away, and with it the focus.
    event.currentTarget.parentElement?.querySelector('select')?.focus();
    set(
      path,
      chosen.filter((other) => other !== item),
    );
  };
  const addTyped = () => {
    add(typing.value?.trim() ?? '');
    typing.value = null;
  };
  return (
    <div class="choices" onFocusOut={whenLeft(() => touch(path))}>
      {chosen.map((item) => (
        <button
          key={item}
          type="button"
          class="chip"
          aria-label={`Remove ${item}`}
          onClick={(event) => remove(event, item)}
        >
          {item} <Icon of={X} />
        </button>
      ))}
      <select
        aria-label={`Add to ${name}`}
        aria-describedby={describedBy(path, described)}
        value=""
        onChange={(event) => {
          const item = event.currentTarget.value;
          event.currentTarget.value = '';
          if (item === OTHER) typing.value = '';
          else add(item);
        }}
      >
        <option value="">Add…</option>
        {options
          .filter((option) => !chosen.includes(option))
          .map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        <option value={OTHER}>another value…</option>
      </select>
      {typing.value !== null && (
        <span class="typed">
          <input
            type="text"
            aria-label={`Another value for ${name}`}
            value={typing.value}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => (typing.value = event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Enter' && (event.preventDefault(), addTyped())}
          />
          <button type="button" onClick={addTyped}>
            Add
          </button>
        </span>
      )}
    </div>
  );
}
