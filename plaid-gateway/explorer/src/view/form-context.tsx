/** What all fields of a form share. */
import { useComputed, type ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { SEND_EMPTY, type FormValue, type Problem } from '../model/form.ts';
import type { Shape } from '../model/shape.ts';

/** What all fields of a form share, so that a key pressed draws one field and no other. */
export interface FormContext {
  problems: ReadonlySignal<Map<string, Problem>>;
  /** The fields that the user has left: what is wrong with others is not said yet. */
  touched: ReadonlySignal<ReadonlySet<string>>;
  touch: (path: string) => void;
  set: (path: string, value: FormValue) => void;
}

export const Form = createContext<FormContext | null>(null);

export function useForm(): FormContext {
  const context = useContext(Form);
  if (!context) throw new Error('a field is outside of its form');
  return context;
}

export interface Control<S extends Shape = Shape> {
  shape: S;
  name: string;
  path: string;
  value: FormValue;
  /** Whether its description stands beside it. */
  described?: boolean;
}

export function idOf(path: string): string {
  return `field-${path}`;
}

/** The ids of what is said of a control: its description, if it has one, and what is wrong with it. */
export function describedBy(path: string, described = false): string {
  return described ? `${idOf(path)}-description ${idOf(path)}-problem` : `${idOf(path)}-problem`;
}

/** Says of a group of controls that the user has left it, and not when going from one of them to another. */
export function whenLeft(leave: () => void) {
  return (event: { currentTarget: Element; relatedTarget: EventTarget | null }) => {
    const to = event.relatedTarget;
    if (!(to instanceof Node && event.currentTarget.contains(to))) leave();
  };
}

/** The attributes that tie a control to its description and to what is wrong with it. */
export function useAttributes(path: string, described = false) {
  const { problems, touched, touch } = useForm();
  const invalid = useComputed(() => touched.value.has(path) && problems.value.has(path));
  return {
    id: idOf(path),
    'aria-describedby': describedBy(path, described),
    'aria-invalid': invalid.value,
    onBlur: () => touch(path),
  };
}

/** What is wrong with a field, said once the user has left it. */
export function Trouble({ path, empty }: { path: string; empty: boolean }) {
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
