import { useSignal } from '@preact/signals';
import { Check, Copy as CopyIcon } from 'lucide';
import { useEffect } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** @param text is asked for when the button is pressed; it may say why there is nothing to copy. */
export function Copy({ text, label }: { text: () => string | { problem: string }; label: string }) {
  const done = useSignal('');
  useEffect(() => {
    if (done.value === '') return;
    const timer = setTimeout(() => (done.value = ''), 2000);
    return () => clearTimeout(timer);
  }, [done.value]);
  const copy = async () => {
    const given = text();
    if (typeof given !== 'string') done.value = given.problem;
    else done.value = (await toClipboard(given)) ? 'Copied' : 'Not copied: the browser refused';
  };
  return (
    <button type="button" class="quiet" onClick={copy}>
      <Icon of={done.value === 'Copied' ? Check : CopyIcon} />
      <span aria-live="polite">{done.value || label}</span>
    </button>
  );
}

/** Over plain HTTP from another machine there is no clipboard, but there is the old way. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
