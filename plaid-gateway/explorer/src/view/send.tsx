import type { ReadonlySignal } from '@preact/signals';
import { Send, Square } from 'lucide';
import type { Problem } from '../model/form.ts';
import { gateway } from '../state/connection.ts';
import type { Work } from '../state/session.ts';
import { dialogs } from './dialog.tsx';
import { idOf } from './form-context.tsx';
import { Icon } from './icon.tsx';

/** Why the call cannot be sent now, or nothing. */
function obstacle(problems: Map<string, Problem>): { text: string; path?: string } | null {
  const state = gateway.value;
  if ('problem' in state) return { text: state.problem };
  const wrong = [...problems].filter(([, problem]) => !problem.missing);
  if (wrong[0]) return { text: `Correct ${wrong[0][0]}.`, path: wrong[0][0] };
  const missing = [...problems.keys()];
  if (missing.length === 0) return null;
  const others = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return { text: `Fill in ${missing.slice(0, 3).join(', ')}${others}.`, path: missing[0] ?? '' };
}

export function SendBar({ problems, work }: { problems: ReadonlySignal<Map<string, Problem>>; work: Work }) {
  const blocked = obstacle(problems.value);
  const running = work.running.value;
  return (
    <div class="send">
      {running ? (
        <button type="button" onClick={() => running.abort()}>
          <Icon of={Square} /> Cancel
        </button>
      ) : (
        <button type="submit" class="primary" disabled={blocked !== null} aria-describedby="send-reason">
          <Icon of={Send} /> Send
        </button>
      )}
      <p id="send-reason" role="status">
        {blocked ? blocked.text : <span class="hint">Ctrl+Enter sends</span>}{' '}
        {blocked && blocked.path === undefined && (
          <button type="button" class="link" onClick={() => dialogs.open('connection')}>
            Open the gateway panel
          </button>
        )}
        {blocked?.path !== undefined && (
          <button type="button" class="link" onClick={() => goTo(blocked.path ?? '')}>
            Go there
          </button>
        )}
      </p>
    </div>
  );
}

/** To the field, or to the innermost part around it that is drawn. */
function goTo(path: string) {
  const parts = path.split('.');
  for (let count = parts.length; count > 0; count -= 1) {
    const element = document.getElementById(idOf(parts.slice(0, count).join('.')));
    const control = element?.matches('fieldset')
      ? element.querySelector<HTMLElement>('input, select, textarea, button')
      : element;
    if (!control) continue;
    control.focus();
    control.scrollIntoView({ block: 'center' });
    return;
  }
}
