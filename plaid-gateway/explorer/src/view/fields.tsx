/** The controls of a form, made from the shape of the request. */
import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import { Eye, EyeOff, Plus, X } from 'lucide';
import { createContext, type ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useContext } from 'preact/hooks';
import { isBlank, isFields, isSendEmpty, join, SEND_EMPTY, type FormValue, type Problem } from '../model/form.ts';
import type { Field, Shape } from '../model/shape.ts';
import { carriedFor } from '../state/carried.ts';
import { Icon } from './icon.tsx';
import { Markdown } from './markdown.tsx';

/** What all fields of a form share, so that a key pressed draws one field and no other. */
export interface FormContext {
  problems: ReadonlySignal<Map<string, Problem>>;
  /** The fields that the user has left: what is wrong with others is not said yet. */
  touched: ReadonlySignal<ReadonlySet<string>>;
  touch: (path: string) => void;
  set: (path: string, value: FormValue) => void;
}

export const Form = createContext<FormContext | null>(null);

function useForm(): FormContext {
  const context = useContext(Form);
  if (!context) throw new Error('a field is outside of its form');
  return context;
}

interface Control<S extends Shape = Shape> {
  shape: S;
  name: string;
  path: string;
  value: FormValue;
}

export function idOf(path: string): string {
  return `field-${path}`;
}

/** The required fields, and the optional ones folded away. */
export function Fields({ fields, value, path }: { fields: Field[]; value: FormValue; path: string }) {
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  return (
    <>
      {required.map((field) => (
        <Row key={field.name} field={field} path={join(path, field.name)} value={childOf(value, field.name)} />
      ))}
      {optional.length > 0 && <Optional key="optional" fields={optional} value={value} path={path} alone={required.length === 0 && path !== ''} />}
    </>
  );
}

function childOf(value: FormValue, name: string): FormValue {
  return isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function Optional({ fields, value, path, alone }: { fields: Field[]; value: FormValue; path: string; alone: boolean }) {
  const rows = (shown = fields) => shown.map((field) => <Row key={field.name} field={field} path={join(path, field.name)} value={childOf(value, field.name)} />);
  // The part around it was opened to get at these.
  if (alone) return <>{rows()}</>;
  const set = fields.filter((field) => !isBlank(childOf(value, field.name))).length;
  const title = `${fields.length} optional ${fields.length === 1 ? 'field' : 'fields'}`;
  return (
    <Fold title={<span>{title}</span>} note={set > 0 ? `${set} set` : ''} open={set > 0} class="optional">
      {() => (fields.length > MANY ? <Filtered fields={fields} rows={rows} /> : rows())}
    </Fold>
  );
}

const MANY = 12;

/** Many fields are found by a part of their name or meaning. */
function Filtered({ fields, rows }: { fields: Field[]; rows: (shown: Field[]) => ComponentChildren }) {
  const words = useSignal('');
  const wanted = words.value.trim().toLowerCase();
  const shown = wanted === '' ? fields : fields.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(wanted));
  return (
    <>
      <input type="text" class="filter" aria-label={`Filter these ${fields.length} fields`} placeholder={`Filter these ${fields.length} fields…`} value={words.value} autocomplete="off" spellcheck={false} onInput={(event) => (words.value = event.currentTarget.value)} />
      {shown.length === 0 && <p class="hint">No field has these words.</p>}
      {rows(shown)}
    </>
  );
}

/** What is folded away is not built before it is opened. */
function Fold(props: { title: ComponentChildren; note: string; open: boolean; class: string; id?: string; children: () => ComponentChildren }) {
  const open = useSignal(props.open);
  return (
    <details class={props.class} open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary id={props.id}>
        {props.title}
        {props.note && <span class="note">{props.note}</span>}
      </summary>
      {open.value && <div class="inside">{props.children()}</div>}
    </details>
  );
}

const Row = memo(({ field, path, value }: { field: Field; path: string; value: FormValue }) => {
  const { shape } = field;
  if (shape.kind === 'object') return <Part field={field} shape={shape} path={path} value={value} />;
  const several = shape.kind === 'list' || shape.kind === 'map';
  const body = (
    <>
      <Description field={field} path={path} />
      {value === null ? <p class="hint">Sent as null.</p> : <Any shape={shape} name={field.name} path={path} value={value} />}
      {field.required && field.nullable && <SendNull path={path} value={value} />}
      <Trouble path={path} empty={!several && shape.kind === 'text' && shape.format === null} />
    </>
  );
  if (several) {
    return (
      <fieldset class="field" id={idOf(path)}>
        <legend>
          <Title field={field} />
        </legend>
        {body}
      </fieldset>
    );
  }
  return (
    <div class="field">
      <label for={idOf(path)}>
        <Title field={field} />
      </label>
      {body}
    </div>
  );
});

function Title({ field }: { field: Field }) {
  return (
    <>
      <code>{field.name}</code>
      <span class="kind">{kindOf(field.shape)}</span>
      {field.required && <span class="required">required</span>}
      {field.deprecated && <span class="old">deprecated</span>}
    </>
  );
}

function kindOf(shape: Shape): string {
  switch (shape.kind) {
    case 'text':
      return shape.format ?? 'text';
    case 'number':
      return shape.integer ? 'whole number' : 'number';
    case 'bool':
      return 'true or false';
    case 'enum':
      return 'choice';
    case 'list':
      return 'list';
    case 'map':
      return 'names and values';
    case 'any':
      return 'JSON';
    default:
      return 'object';
  }
}

function Description({ field, path }: { field: Field; path: string }) {
  return field.description ? (
    <div class="description" id={`${idOf(path)}-description`}>
      <Markdown text={field.description} />
    </div>
  ) : null;
}

/** An object: a part of the form that can be folded, and left out if it is optional. */
function Part({ field, shape, path, value }: { field: Field; shape: Shape & { kind: 'object' }; path: string; value: FormValue }) {
  const { set } = useForm();
  const blank = isBlank(value);
  const canBeEmpty = !field.required && shape.fields.every((inner) => !inner.required);
  const onlyEmpty = isFields(value) && Object.entries(value).every(([name, inner]) => name === '$' || isBlank(inner));
  return (
    <Fold class="part" id={idOf(path)} title={<Title field={field} />} note={blank ? '' : 'set'} open={field.required || !blank}>
      {() => (
        <>
          <Description field={field} path={path} />
          {canBeEmpty && (blank || onlyEmpty) && (
            <label class="check">
              <input type="checkbox" checked={!blank} onChange={(event) => set(path, event.currentTarget.checked ? SEND_EMPTY : undefined)} />
              Send <code>{field.name}</code>, also when it is empty
            </label>
          )}
          <Fields fields={shape.fields} value={value} path={path} />
          {!field.required && !blank && (
            <button type="button" class="quiet" onClick={() => set(path, undefined)}>
              <Icon of={X} /> Clear {field.name}
            </button>
          )}
        </>
      )}
    </Fold>
  );
}

function SendNull({ path, value }: { path: string; value: FormValue }) {
  const { set } = useForm();
  return (
    <label class="check">
      <input type="checkbox" checked={value === null} onChange={(event) => set(path, event.currentTarget.checked ? null : undefined)} />
      Send null
    </label>
  );
}

/** What is wrong with a field, said once the user has left it. */
function Trouble({ path, empty }: { path: string; empty: boolean }) {
  const { problems, touched, set } = useForm();
  const message = useComputed(() => {
    // Half a number is wrong while it is typed; it is said when the field is left.
    return (touched.value.has(path) && problems.value.get(path)?.message) || '';
  });
  const missing = useComputed(() => problems.value.get(path)?.missing === true);
  return (
    <p class="problem" id={`${idOf(path)}-problem`}>
      {message}
      {empty && message.value !== '' && missing.value && (
        <button type="button" class="link" onClick={() => set(path, SEND_EMPTY)}>
          Send an empty text
        </button>
      )}
    </p>
  );
}

function Any(control: Control): ComponentChildren {
  const { shape } = control;
  if (isSendEmpty(control.value) && shape.kind !== 'object') return <SentEmpty {...control} />;
  switch (shape.kind) {
    case 'list':
      return shape.items.kind === 'enum' ? <Choices {...control} options={shape.items.values} /> : <List {...control} shape={shape} />;
    case 'map':
      return <Rows {...control} shape={shape} />;
    case 'object':
      return <Fields fields={shape.fields} value={control.value} path={control.path} />;
    case 'enum':
      return <Choice {...control} options={shape.values} />;
    case 'bool':
      return <Choice {...control} options={['true', 'false']} closed />;
    case 'any':
      return <Text {...control} />;
    default:
      return <Text {...control} />;
  }
}

function SentEmpty({ path, name }: Control) {
  const { set } = useForm();
  return (
    <p class="hint">
      Sent empty.{' '}
      <button type="button" class="link" id={idOf(path)} onClick={() => set(path, undefined)}>
        Fill {name} in
      </button>
    </p>
  );
}

/** The attributes that tie a control to its description and to what is wrong with it. */
function useAttributes(path: string) {
  const { problems, touched, touch } = useForm();
  const invalid = useComputed(() => touched.value.has(path) && problems.value.has(path));
  return {
    id: idOf(path),
    'aria-describedby': `${idOf(path)}-description ${idOf(path)}-problem`,
    'aria-invalid': invalid.value,
    onBlur: () => touch(path),
  };
}

function Text({ shape, name, path, value }: Control) {
  const { set } = useForm();
  const attributes = useAttributes(path);
  const text = typeof value === 'string' ? value : '';
  const onInput = (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) => set(path, event.currentTarget.value);
  const common = { ...attributes, value: text, onInput, autocomplete: 'off', spellcheck: false };
  if (shape.kind === 'any') return <textarea {...common} rows={3} placeholder='{"name": "value"}' />;
  const format = shape.kind === 'text' ? shape.format : null;
  return (
    <>
      {format === 'secret' ? (
        <Hidden>{(type) => <input {...common} {...typed(type)} data-1p-ignore />}</Hidden>
      ) : (
        <input {...common} {...typed(format === 'date' ? 'date' : 'text')} inputMode={inputMode(shape)} placeholder={example(shape)} />
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

/** A secret, with a button to look at it. */
export function Hidden({ children }: { children: (type: 'password' | 'text') => ComponentChildren }) {
  const seen = useSignal(false);
  return (
    <span class="hidden">
      {children(seen.value ? 'text' : 'password')}
      <button type="button" class="quiet" aria-pressed={seen.value} aria-label="Show what is typed" title="Show what is typed" onClick={() => (seen.value = !seen.value)}>
        <Icon of={seen.value ? EyeOff : Eye} />
      </button>
    </span>
  );
}

/** Values of earlier calls that fit here. */
function Offers({ name, secret, value, use }: { name: string; secret: boolean; value: string; use: (value: string) => void }) {
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
function Choice({ path, name, value, options, closed = false }: Control & { options: string[]; closed?: boolean }) {
  const { set } = useForm();
  const attributes = useAttributes(path);
  const text = typeof value === 'string' ? value : '';
  const other = useSignal(text !== '' && !options.includes(text));
  const choose = (chosen: string) => {
    other.value = chosen === OTHER;
    set(path, chosen === OTHER ? '' : chosen);
  };
  return (
    <>
      <select {...attributes} value={other.value ? OTHER : text} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">—</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
        {!closed && <option value={OTHER}>another value…</option>}
      </select>
      {other.value && <input type="text" class="other" aria-label={`Another value for ${name}`} value={text} autocomplete="off" spellcheck={false} onInput={(event) => set(path, event.currentTarget.value)} />}
    </>
  );
}

/** Several values of an enum. */
function Choices({ path, name, value, options }: Control & { options: string[] }) {
  const { set, touch } = useForm();
  const chosen = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  const typing = useSignal<string | null>(null);
  const add = (item: string) => {
    if (item !== '' && !chosen.includes(item)) set(path, [...chosen, item]);
  };
  const addTyped = () => {
    add(typing.value?.trim() ?? '');
    typing.value = null;
  };
  return (
    <div class="choices" onFocusOut={() => touch(path)}>
      {chosen.map((item) => (
        <button key={item} type="button" class="chip" aria-label={`Remove ${item}`} onClick={() => set(path, chosen.filter((other) => other !== item))}>
          {item} <Icon of={X} />
        </button>
      ))}
      <select
        aria-label={`Add to ${name}`}
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
          <input type="text" aria-label={`Another value for ${name}`} value={typing.value} autocomplete="off" spellcheck={false} onInput={(event) => (typing.value = event.currentTarget.value)} onKeyDown={(event) => event.key === 'Enter' && (event.preventDefault(), addTyped())} />
          <button type="button" onClick={addTyped}>
            Add
          </button>
        </span>
      )}
    </div>
  );
}

function List({ shape, name, path, value }: Control<Shape & { kind: 'list' }>) {
  const { set } = useForm();
  const items = Array.isArray(value) ? value : [];
  const nested = shape.items.kind === 'object';
  return (
    <>
      {items.map((item, index) => (
        <div class={nested ? 'item part' : 'item'} key={index}>
          <Item shape={shape.items} name={name} path={join(path, index)} value={item} number={index + 1} />
          <button type="button" class="quiet" aria-label={`Remove number ${index + 1} of ${name}`} onClick={() => set(path, items.filter((_, other) => other !== index))}>
            <Icon of={X} /> {nested && 'Remove'}
          </button>
        </div>
      ))}
      <button type="button" onClick={() => set(path, [...items, nested ? {} : ''])}>
        <Icon of={Plus} /> Add to {name}
      </button>
    </>
  );
}

function Item({ shape, name, path, value, number }: Control & { number: number }) {
  if (shape.kind === 'object') {
    return (
      <fieldset>
        <legend>
          {name} {number}
        </legend>
        <Fields fields={shape.fields} value={value} path={path} />
      </fieldset>
    );
  }
  return (
    <div class="grow">
      <label class="aside" for={idOf(path)}>
        {name} {number}
      </label>
      <Any shape={shape} name={name} path={path} value={value} />
      <Trouble path={path} empty={false} />
    </div>
  );
}

function Rows({ shape, name, path, value }: Control<Shape & { kind: 'map' }>) {
  const { set } = useForm();
  const rows = Array.isArray(value) ? value : [];
  return (
    <>
      {rows.map((row, index) => {
        const fields = isFields(row) ? row : {};
        const key = typeof fields.key === 'string' ? fields.key : '';
        return (
          <div class="item" key={index}>
            <div class="grow pair">
              <label>
                <span class="aside">Name</span>
                <input type="text" value={key} autocomplete="off" spellcheck={false} onInput={(event) => set(join(path, index), { ...fields, key: event.currentTarget.value })} />
              </label>
              <div>
                <label class="aside" for={idOf(join(path, `${index}.value`))}>
                  Value
                </label>
                <Any shape={shape.values} name={name} path={join(path, `${index}.value`)} value={fields.value} />
              </div>
              <Trouble path={join(path, index)} empty={false} />
            </div>
            <button type="button" class="quiet" aria-label={`Remove number ${index + 1} of ${name}`} onClick={() => set(path, rows.filter((_, other) => other !== index))}>
              <Icon of={X} />
            </button>
          </div>
        );
      })}
      <button type="button" onClick={() => set(path, [...rows, { key: '', value: '' }])}>
        <Icon of={Plus} /> Add to {name}
      </button>
    </>
  );
}

/** A copy of a form with one value changed; what did not change stays the same object. */
export function setAt(form: FormValue, path: readonly string[], value: FormValue): FormValue {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(form)) return form.map((item, index) => (String(index) === name ? setAt(item, rest, value) : item));
  const fields = isFields(form) ? form : {};
  const changed = setAt(Object.hasOwn(fields, name) ? fields[name] : undefined, rest, value);
  const { [name]: _, ...others } = fields;
  return changed === undefined ? others : { ...fields, [name]: changed };
}

