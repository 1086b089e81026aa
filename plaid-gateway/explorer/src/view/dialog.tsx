import { signal } from '@preact/signals';
import { X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

export type DialogName = 'search' | 'connection' | 'history';

const opened = signal<DialogName | null>(null);

export const dialogs = {
  open: (name: DialogName) => {
    opened.value = name;
  },
  close: () => {
    opened.value = null;
  },
};

/** A modal dialog of the browser's own: it keeps the focus in, and Escape closes it. */
export function Dialog({
  name,
  title,
  children,
}: {
  name: DialogName;
  title: string;
  children: () => ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const isOpen = opened.value === name;
  // In one step with what is in it: nobody finds a link in it that cannot have the focus yet, and the focus is given
  // back before anything else asks for it.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (isOpen && !dialog?.open) dialog?.showModal();
    if (!isOpen && dialog?.open) dialog.close();
  }, [isOpen]);
  return (
    <dialog
      ref={element}
      class={name}
      aria-label={title}
      onClose={() => opened.value === name && dialogs.close()}
      onClick={(event) => event.target === element.current && dialogs.close()}
    >
      {isOpen && (
        <div class="sheet">
          <div class="sheet-head">
            <h2>{title}</h2>
            <button type="button" class="quiet" aria-label="Close" onClick={dialogs.close}>
              <Icon of={X} />
            </button>
          </div>
          {children()}
        </div>
      )}
    </dialog>
  );
}
