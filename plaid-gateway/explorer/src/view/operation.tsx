import { batch, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { Eraser, ExternalLink } from 'lucide';
import { useEffect, useMemo } from 'preact/hooks';
import type { Entry, Operation } from '../model/catalogue.ts';
import { decode, encode, setAt, writeWire } from '../model/form.ts';
import { requestShape, type RequestShape } from '../model/shape.ts';
import { make } from '../state/calls.ts';
import { ownSecrets } from '../state/connection.ts';
import { hrefOf, LONGEST_FORM, route } from '../state/route.ts';
import { loadOperation, productTitle, workOf, type Work } from '../state/session.ts';
import { AnswerPanel } from './answer.tsx';
import { Copy } from './copy.tsx';
import { Fields } from './fields.tsx';
import { Form } from './form-context.tsx';
import { Icon } from './icon.tsx';
import { Markdown } from './markdown.tsx';
import { SendBar } from './send.tsx';
import { Snippets } from './snippets.tsx';

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
      <Markdown
        text={
          typeof instead === 'string'
            ? `Plaid has deprecated this call: ${instead}.`
            : 'Plaid has deprecated this call.'
        }
      />
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

/** A link may bring a form. It is read with care: anybody can write one. */
function useFilledByLink(operation: Operation, work: Work) {
  useSignalEffect(() => {
    const { id, form, broken } = route.value;
    if (id !== operation.entry.id || (form === undefined && !broken)) return;
    batch(() => {
      const { form: filled, ignored } = broken
        ? { form: {}, ignored: [] }
        : decode(requestShape(operation.detail), form ?? null);
      work.form.value = filled;
      work.filled.value += 1;
      work.note.value = broken
        ? 'The form in this link cannot be read.'
        : ignored.length > 0
          ? `Not taken from the link: ${ignored.slice(0, 5).join(', ')}.`
          : 'Filled by a link. Look it through before you send it.';
    });
    // The form is taken; a reload or a copied address begins empty.
    globalThis.history.replaceState(null, '', hrefOf(id));
    route.value = { id, form: undefined, broken: false };
  });
}

function Tools({ operation, work, shape }: { operation: Operation; work: Work; shape: RequestShape }) {
  const link = () => {
    const { wire } = encode(shape, work.form.value, { withoutSecrets: true, own: ownSecrets.value });
    const form = writeWire(wire, '');
    if (form.length > LONGEST_FORM) return { problem: 'Not copied: the form is too long for a link' };
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
