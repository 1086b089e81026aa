/** The controls of values that consist of others. */
import { Plus, X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { isFields, isSendEmpty, join } from '../model/form.ts';
import type { Shape } from '../model/shape.ts';
// Objects hold lists and lists hold objects: the two files need each other.
import { Fields } from './fields.tsx';
import { describedBy, idOf, Trouble, useForm, type Control } from './form-context.tsx';
import { Icon } from './icon.tsx';
import { Choice, Choices, Text } from './inputs.tsx';

/** The control for a value of any kind. */
export function Any(control: Control): ComponentChildren {
  const { shape } = control;
  if (isSendEmpty(control.value) && shape.kind !== 'object') return <SentEmpty {...control} />;
  switch (shape.kind) {
    case 'list':
      return shape.items.kind === 'enum' ? (
        <Choices {...control} options={shape.items.values} />
      ) : (
        <List {...control} shape={shape} />
      );
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

/** The button that adds to the list in which another button is. */
function focusAdd(within: HTMLElement) {
  within.closest('fieldset.field')?.querySelector<HTMLElement>(':scope > button')?.focus();
}

/** The first control of the item that a button has just added before itself. */
function focusLast(button: HTMLElement) {
  setTimeout(() => button.previousElementSibling?.querySelector<HTMLElement>('input, select, textarea')?.focus());
}

/** Keys of rows, which stay with their rows when one before them is removed, and so does what each row shows. */
function useKeys(count: number): { at: (index: number) => number; drop: (index: number) => void } {
  const keys = useRef<number[]>([]);
  const next = useRef(0);
  while (keys.current.length < count) keys.current.push(next.current++);
  keys.current.length = count;
  return {
    at: (index) => keys.current[index] ?? index,
    drop: (index) => {
      keys.current.splice(index, 1);
    },
  };
}

function List({ shape, name, path, value }: Control<Shape & { kind: 'list' }>) {
  const { set } = useForm();
  const items = Array.isArray(value) ? value : [];
  const keys = useKeys(items.length);
  const nested = shape.items.kind === 'object';
  const removeAt = (event: { currentTarget: HTMLElement }, index: number) => {
    focusAdd(event.currentTarget);
    keys.drop(index);
    set(
      path,
      items.filter((_, other) => other !== index),
    );
  };
  return (
    <>
      {items.map((item, index) => (
        <div class={nested ? 'item part' : 'item'} key={keys.at(index)}>
          <Item shape={shape.items} name={name} path={join(path, index)} value={item} number={index + 1} />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove number ${index + 1} of ${name}`}
            onClick={(event) => removeAt(event, index)}
          >
            <Icon of={X} /> {nested && 'Remove'}
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={(event) => (set(path, [...items, nested ? {} : '']), focusLast(event.currentTarget))}
      >
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
  const { set, touch } = useForm();
  const rows = Array.isArray(value) ? value : [];
  const keys = useKeys(rows.length);
  const removeAt = (event: { currentTarget: HTMLElement }, index: number) => {
    focusAdd(event.currentTarget);
    keys.drop(index);
    set(
      path,
      rows.filter((_, other) => other !== index),
    );
  };
  return (
    <>
      {rows.map((row, index) => {
        const fields = isFields(row) ? row : {};
        const key = typeof fields.key === 'string' ? fields.key : '';
        return (
          <div class="item" key={keys.at(index)}>
            <div class="grow pair">
              <label>
                <span class="aside">Name</span>
                <input
                  type="text"
                  id={idOf(join(path, index))}
                  aria-describedby={describedBy(join(path, index))}
                  value={key}
                  autocomplete="off"
                  spellcheck={false}
                  onInput={(event) => set(join(path, index), { ...fields, key: event.currentTarget.value })}
                  onBlur={() => touch(join(path, index))}
                />
              </label>
              <div>
                <label class="aside" for={idOf(join(path, `${index}.value`))}>
                  Value
                </label>
                <Any shape={shape.values} name={name} path={join(path, `${index}.value`)} value={fields.value} />
                <Trouble path={join(path, `${index}.value`)} empty={false} />
              </div>
              <Trouble path={join(path, index)} empty={false} />
            </div>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove number ${index + 1} of ${name}`}
              onClick={(event) => removeAt(event, index)}
            >
              <Icon of={X} />
            </button>
          </div>
        );
      })}
      <button
        type="button"
        onClick={(event) => (set(path, [...rows, { key: '', value: '' }]), focusLast(event.currentTarget))}
      >
        <Icon of={Plus} /> Add to {name}
      </button>
    </>
  );
}
