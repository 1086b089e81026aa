/** The fields of a form, made from the shape of the request. */
import { useSignal } from '@preact/signals';
import { X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { isBlank, isFields, join, SEND_EMPTY, type FormValue } from '../model/form.ts';
import type { Field, Shape } from '../model/shape.ts';
import { Any } from './controls.tsx';
import { describedBy, idOf, Trouble, useForm, whenLeft } from './form-context.tsx';
import { Icon } from './icon.tsx';
import { Markdown } from './markdown.tsx';

/** The required fields, and the optional ones folded away. */
export function Fields({ fields, value, path }: { fields: Field[]; value: FormValue; path: string }) {
  const required = fields.filter((field) => field.required);
  const optional = fields.filter((field) => !field.required);
  return (
    <>
      {required.map((field) => (
        <Row key={field.name} field={field} path={join(path, field.name)} value={childOf(value, field.name)} />
      ))}
      {optional.length > 0 && (
        <Optional
          key="optional"
          fields={optional}
          value={value}
          path={path}
          alone={required.length === 0 && path !== ''}
        />
      )}
    </>
  );
}

function childOf(value: FormValue, name: string): FormValue {
  return isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function Optional({ fields, value, path, alone }: { fields: Field[]; value: FormValue; path: string; alone: boolean }) {
  const rows = (shown = fields) =>
    shown.map((field) => (
      <Row key={field.name} field={field} path={join(path, field.name)} value={childOf(value, field.name)} />
    ));
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
  const shown =
    wanted === ''
      ? fields
      : fields.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(wanted));
  return (
    <>
      <input
        type="text"
        class="filter"
        aria-label={`Filter these ${fields.length} fields`}
        placeholder={`Filter these ${fields.length} fields…`}
        value={words.value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => (words.value = event.currentTarget.value)}
      />
      {shown.length === 0 && <p class="hint">No field has these words.</p>}
      {rows(shown)}
    </>
  );
}

/** What is folded away is not built before it is opened. */
function Fold(props: {
  title: ComponentChildren;
  note: string;
  open: boolean;
  class: string;
  id?: string;
  children: () => ComponentChildren;
}) {
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
  const { touch } = useForm();
  if (shape.kind === 'object') return <Part field={field} shape={shape} path={path} value={value} />;
  const described = field.description !== '';
  const several = shape.kind === 'list' || shape.kind === 'map';
  const body = (
    <>
      <Description field={field} path={path} />
      {value === null ? (
        <p class="hint">Sent as null.</p>
      ) : (
        <Any shape={shape} name={field.name} path={path} value={value} described={described} />
      )}
      {field.required && field.nullable && <SendNull path={path} value={value} />}
      <Trouble path={path} empty={!several && shape.kind === 'text' && shape.format === null} />
    </>
  );
  if (several) {
    return (
      <fieldset
        class="field"
        id={idOf(path)}
        aria-describedby={describedBy(path, described)}
        onFocusOut={whenLeft(() => touch(path))}
      >
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
function Part({
  field,
  shape,
  path,
  value,
}: {
  field: Field;
  shape: Shape & { kind: 'object' };
  path: string;
  value: FormValue;
}) {
  const { set } = useForm();
  const blank = isBlank(value);
  const canBeEmpty = !field.required && shape.fields.every((inner) => !inner.required);
  const onlyEmpty = isFields(value) && Object.entries(value).every(([name, inner]) => name === '$' || isBlank(inner));
  return (
    <Fold
      class="part"
      id={idOf(path)}
      title={<Title field={field} />}
      note={blank ? '' : 'set'}
      open={field.required || !blank}
    >
      {() => (
        <>
          <Description field={field} path={path} />
          {canBeEmpty && (blank || onlyEmpty) && (
            <label class="check">
              <input
                type="checkbox"
                checked={!blank}
                onChange={(event) => set(path, event.currentTarget.checked ? SEND_EMPTY : undefined)}
              />
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
      <input
        type="checkbox"
        checked={value === null}
        onChange={(event) => set(path, event.currentTarget.checked ? null : undefined)}
      />
      Send null
    </label>
  );
}
