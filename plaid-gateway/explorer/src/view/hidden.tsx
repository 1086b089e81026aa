import { useSignal } from '@preact/signals';
import { Eye, EyeOff } from 'lucide';
import type { ComponentChildren } from 'preact';
import { Icon } from './icon.tsx';

/** A secret, with a button to look at it. */
export function Hidden({ children }: { children: (type: 'password' | 'text') => ComponentChildren }) {
  const seen = useSignal(false);
  return (
    <span class="hidden">
      {children(seen.value ? 'text' : 'password')}
      <button
        type="button"
        class="quiet"
        aria-pressed={seen.value}
        aria-label="Show what is typed"
        title="Show what is typed"
        onClick={() => (seen.value = !seen.value)}
      >
        <Icon of={seen.value ? EyeOff : Eye} />
      </button>
    </span>
  );
}
