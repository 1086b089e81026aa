import { batch, useComputed, useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import { Eraser, ExternalLink, Send, Square } from 'lucide';
import { useEffect, useMemo } from 'preact/hooks';
import type { Entry, Operation } from '../model/catalogue.ts';
import { prepare, send, type Outcome } from '../model/call.ts';
import { decode, encode, writeWire, type Encoded, type Problem } from '../model/form.ts';
import { parseJson } from '../model/json.ts';
import { requestShape } from '../model/shape.ts';
import { LANGUAGES } from '../snippets/index.ts';
import { carry, carrySent } from '../state/carried.ts';
import { authorization, callerKey, gateway, ownCredentials } from '../state/connection.ts';
import { record } from '../state/history.ts';
import { hrefOf, route } from '../state/route.ts';
import { loadOperation, productTitle, workOf, type Work } from '../state/session.ts';
import * as storage from '../state/storage.ts';
import { AnswerPanel } from './answer.tsx';
import { Code } from './code.tsx';
import { Copy } from './copy.tsx';
import { dialogs } from './dialog.tsx';
import { Fields, Form, idOf, setAt } from './fields.tsx';
import { Icon } from './icon.tsx';
import { Markdown } from './markdown.tsx';

export function OperationPage({ entry }: { entry: Entry }) {
  const operation = useSignal<Operation | null>(null);
  const problem = useSignal('');
  useEffect(() => {
    let gone = false;
    document.title = `${entry.path} · Plaid API explorer`;
    loadOperation(entry).then(
      (loaded) => !gone && (operation.value = loaded),
      (error: Error) => !gone && (problem.value = error.message),
    );
    return () => {
      gone = true;
    };
  }, [entry]);
  return (
    <article class="operation">
      <div class="title">
        <p class="product">{productTitle(entry.product)}</p>
        <h1 id="title" tabIndex={-1}>
          {entry.title}
        </h1>
        <p class="path">
          <span class="method">{entry.method}</span> <code>{entry.path}</code>
          {entry.docs && /^https:\/\//.test(entry.docs) && (
            <a href={entry.docs} target="_blank" rel="noopener noreferrer">
              Plaid’s documentation <Icon of={ExternalLink} />
            </a>
          )}
        </p>
      </div>
      {problem.value && (
        <p class="panel failed" role="alert">
          {problem.value}
        </p>
      )}
      {operation.value && <Loaded operation={operation.value} work={workOf(entry.id)} />}
    </article>
  );
}

function Deprecated({ instead }: { instead: boolean | string }) {
  return (
    <div class="note-line deprecated">
      <Markdown text={typeof instead === 'string' ? `Plaid has deprecated this call: ${instead}.` : 'Plaid has deprecated this call.'} />
    </div>
  );
}

function Loaded({ operation, work }: { operation: Operation; work: Work }) {
  const shape = useMemo(() => requestShape(operation.detail), [operation]);
  const encoded = useComputed(() => encode(shape, work.form.value));
  const problems = useComputed(() => encoded.value.problems);
  const touched = useSignal<ReadonlySet<string>>(new Set());
  useFilledByLink(operation, work);
  const context = useMemo(
    () => ({
      problems,
      touched,
      touch: (path: string) => {
        if (!touched.value.has(path)) touched.value = new Set([...touched.value, path]);
      },
      set: (path: string, value: Parameters<typeof setAt>[2]) => {
        work.form.value = setAt(work.form.value, path.split('.'), value);
      },
    }),
    [work],
  );
  return (
    <>
      {operation.detail.deprecated && <Deprecated instead={operation.detail.deprecated} />}
      <div class="description lead">
        <Markdown text={operation.detail.description} />
      </div>
      <div class="work">
        <section class="request" aria-labelledby="request-title">
          <div class="panel-head">
            <h2 id="request-title">Request</h2>
            <Tools operation={operation} work={work} shape={shape} />
          </div>
          {work.note.value && (
            <p class="note-line" role="status">
              {work.note.value}
            </p>
          )}
          <Form.Provider value={context}>
            <form
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                void make(operation, work, encoded.value);
              }}
              onKeyDown={(event) => {
                if (event.key !== 'Enter') return;
                const sends = event.ctrlKey || event.metaKey;
                // Some calls move money: Enter in a field alone does not make them.
                if (sends || event.target instanceof HTMLInputElement) event.preventDefault();
                if (sends) void make(operation, work, encoded.value);
              }}
            >
              {shape.fields.length === 0 && <p class="hint">This call needs nothing.</p>}
              <Fields key={work.filled.value} fields={shape.fields} value={work.form.value} path="" />
              <SendBar problems={problems} work={work} />
            </form>
          </Form.Provider>
        </section>
        <div class="results">
          <Snippets operation={operation} work={work} shape={shape} />
          <AnswerPanel outcome={work.outcome.value} running={work.running.value !== null} calls={work.calls.value} />
        </div>
      </div>
    </>
  );
}

type RequestShape = ReturnType<typeof requestShape>;

/** A link may bring a form. It is read with care: anybody can write one. */
function useFilledByLink(operation: Operation, work: Work) {
  useSignalEffect(() => {
    const { id, form, broken } = route.value;
    if (id !== operation.entry.id || (form === undefined && !broken)) return;
    batch(() => {
      const { form: filled, ignored } = broken ? { form: {}, ignored: [] } : decode(requestShape(operation.detail), form ?? null);
      work.form.value = filled;
      work.filled.value += 1;
      work.note.value = broken ? 'The form in this link cannot be read.' : ignored.length > 0 ? `Not taken from the link: ${ignored.slice(0, 5).join(', ')}.` : 'Filled by a link. Look it through before you send it.';
    });
    // The form is taken; a reload or a copied address begins empty.
    globalThis.history.replaceState(null, '', hrefOf(id));
    route.value = { id, form: undefined, broken: false };
  });
}

function Tools({ operation, work, shape }: { operation: Operation; work: Work; shape: RequestShape }) {
  const link = () => {
    const { wire } = encode(shape, work.form.value, { withoutSecrets: true });
    const form = writeWire(wire, '');
    return new URL(hrefOf(operation.entry.id, form === '{}' ? '' : form), location.href).href;
  };
  const clear = () =>
    batch(() => {
      work.form.value = {};
      work.filled.value += 1;
      work.note.value = '';
    });
  return (
    <div class="tools">
      <Copy label="Copy link" text={link} />
      <button type="button" class="quiet" onClick={clear}>
        <Icon of={Eraser} /> Clear
      </button>
    </div>
  );
}

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

function SendBar({ problems, work }: { problems: ReadonlySignal<Map<string, Problem>>; work: Work }) {
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
    const control = element?.matches('fieldset') ? element.querySelector<HTMLElement>('input, select, textarea, button') : element;
    if (!control) continue;
    control.focus();
    control.scrollIntoView({ block: 'center' });
    return;
  }
}

async function make(operation: Operation, work: Work, encoded: Encoded): Promise<void> {
  const state = gateway.value;
  if ('problem' in state || encoded.problems.size > 0 || work.running.value) return;
  const shape = requestShape(operation.detail);
  const stored = writeWire(encode(shape, work.form.value, { withoutSecrets: true }).wire, '');
  const controller = new AbortController();
  work.running.value = controller;
  const outcome = await send(state.url, authorization(), prepare(operation.entry, operation.detail, encoded.wire), controller.signal);
  batch(() => {
    work.running.value = null;
    work.outcome.value = outcome;
    work.calls.value += 1;
    keep(operation.entry, encoded, outcome, stored);
  });
}

function keep(entry: Entry, encoded: Encoded, outcome: Outcome, form: string) {
  const { status, requestId } = 'answer' in outcome ? outcome.answer : { status: 0, requestId: '' };
  const { milliseconds } = 'answer' in outcome ? outcome.answer : outcome.failure;
  record({ id: entry.id, at: Date.now(), status, milliseconds: Math.round(milliseconds), requestId, form });
  if (status < 200 || status >= 300) return;
  carrySent(parseJson(writeWire(encoded.wire)));
  if ('answer' in outcome && outcome.answer.json !== undefined) carry(entry.path, outcome.answer.json);
}

const DEFAULT_GATEWAY = 'https://gateway.example';

function Snippets({ operation, work, shape }: { operation: Operation; work: Work; shape: RequestShape }) {
  const chosen = useSignal(LANGUAGES.find(({ id }) => id === storage.read('language')) ?? LANGUAGES[0]);
  const language = chosen.value;
  const code = useComputed(() => {
    const state = gateway.value;
    const settings = { gateway: 'url' in state ? state.url : DEFAULT_GATEWAY, key: callerKey.value !== '', ownCredentials: ownCredentials.value };
    return chosen.value?.write(operation, encode(shape, work.form.value, { holes: true }).wire, settings) ?? '';
  });
  if (!language) return null;
  const choose = (index: number) => {
    const next = LANGUAGES[(index + LANGUAGES.length) % LANGUAGES.length];
    if (!next) return;
    chosen.value = next;
    storage.write('language', next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <section class="panel" aria-label="Code">
      <div class="panel-head">
        <div role="tablist" aria-label="Language of the code">
          {LANGUAGES.map(({ id, title }, place) => (
            <button
              key={id}
              id={`tab-${id}`}
              type="button"
              role="tab"
              aria-selected={id === language.id}
              aria-controls="code"
              tabIndex={id === language.id ? 0 : -1}
              onClick={() => choose(place)}
              onKeyDown={(event) => {
                if (event.key === 'ArrowRight') choose(place + 1);
                if (event.key === 'ArrowLeft') choose(place - 1);
              }}
            >
              {title}
            </button>
          ))}
        </div>
        <Copy label="Copy code" text={() => code.value} />
      </div>
      <div id="code" role="tabpanel" aria-labelledby={`tab-${language.id}`}>
        <Code text={code.value} language={language.highlight} label={`${language.title} code`} />
      </div>
    </section>
  );
}
