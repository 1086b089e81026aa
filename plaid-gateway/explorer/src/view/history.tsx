import { forgetCarried } from '../state/carried.ts';
import { forgetHistory, history, KEPT, type Call } from '../state/history.ts';
import { hrefOf } from '../state/route.ts';
import { entries, forgetWork } from '../state/session.ts';
import { Dialog, dialogs } from './dialog.tsx';
import { focusTitle } from './focus.ts';
import { duration } from './units.ts';

export function History() {
  return (
    <Dialog name="history" title="Calls made in this browser">
      {() => (
        <>
          <p class="hint">
            The newest {KEPT}, without tokens and without answers. A link opens its operation with the form filled.
          </p>
          {history.value.length === 0 ? (
            <p>No calls yet.</p>
          ) : (
            <ol class="calls">
              {history.value.map((call) => (
                <Row key={`${call.at} ${call.id}`} call={call} />
              ))}
            </ol>
          )}
          <div class="buttons">
            <button type="button" disabled={history.value.length === 0} onClick={forgetHistory}>
              Forget the history
            </button>
            <button
              type="button"
              onClick={() => {
                forgetCarried();
                forgetWork();
              }}
            >
              Forget the tokens, forms and answers of this page
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function Row({ call }: { call: Call }) {
  const entry = entries.value.get(call.id);
  const follow = () => {
    dialogs.close();
    // Also where the link leads to the operation that is open.
    focusTitle();
  };
  return (
    <li>
      <a href={hrefOf(call.id, call.form === '{}' ? '' : call.form)} onClick={follow}>
        <code>{entry?.path ?? call.id}</code>
      </a>
      <span class={call.status >= 200 && call.status < 300 ? 'good' : 'bad'}>{call.status || 'no answer'}</span>
      <span>{duration(call.milliseconds)}</span>
      <time dateTime={iso(call.at)}>{new Date(call.at).toLocaleString()}</time>
      {call.requestId && <small>{call.requestId}</small>}
      {call.form === '' && <small>without its form, which is too long to be kept</small>}
    </li>
  );
}

function iso(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
