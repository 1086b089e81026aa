import { useSignal } from '@preact/signals';
import { Download } from 'lucide';
import { useEffect, useMemo } from 'preact/hooks';
import { failureOf } from '../model/advice.ts';
import type { Answer, NoAnswer, Outcome } from '../model/call.ts';
import { writeJson } from '../model/json.ts';
import { ownCredentials } from '../state/connection.ts';
import { Copy } from './copy.tsx';
import { Icon } from './icon.tsx';
import { Tree } from './tree.tsx';
import { duration, size } from './units.ts';

/** @param calls how many of this operation were answered, so that a second answer like the first can be told from it. */
export function AnswerPanel({ outcome, running, calls }: { outcome: Outcome | null; running: boolean; calls: number }) {
  useEffect(() => {
    // Where the answer is below the form it would not be seen.
    if (calls > 0 && matchMedia('(max-width: 75rem)').matches)
      document.getElementById('answer-title')?.scrollIntoView({ block: 'center' });
  }, [calls]);
  return (
    <section class="panel answer" aria-labelledby="answer-title" aria-busy={running} data-calls={calls}>
      <div class="panel-head">
        <h2 id="answer-title">Answer</h2>
        <p role="status" class="summary">
          {running ? 'Waiting for the answer…' : outcome && <Summary outcome={outcome} />}
        </p>
      </div>
      {!outcome && !running && <p class="hint">What the call answers is shown here.</p>}
      {outcome && 'failure' in outcome && <Failed failure={outcome.failure} />}
      {outcome && 'answer' in outcome && <Body key={calls} answer={outcome.answer} />}
    </section>
  );
}

function Summary({ outcome }: { outcome: Outcome }) {
  if ('failure' in outcome) return <span class="bad">no answer after {duration(outcome.failure.milliseconds)}</span>;
  const { status, milliseconds, bytes } = outcome.answer;
  return (
    <>
      <span class={isGood(status) ? 'good' : 'bad'}>{status}</span> <span>{duration(milliseconds)}</span>{' '}
      <span>{size(bytes)}</span>
    </>
  );
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300;
}

function Failed({ failure }: { failure: NoAnswer }) {
  return (
    <div class="failed" role="alert">
      <p class="strong">{failure.problem}</p>
      <p>{failure.advice}</p>
    </div>
  );
}

function Body({ answer }: { answer: Answer }) {
  return (
    <>
      {answer.requestId && (
        <p class="request-id">
          request <code>{answer.requestId}</code> <Copy label="Copy request id" text={() => answer.requestId} />
        </p>
      )}
      {!isGood(answer.status) && <Explained answer={answer} />}
      {answer.file && <File file={answer.file} />}
      {answer.json !== undefined && <JsonBody answer={answer} />}
      {answer.json === undefined && answer.text && <PlainText text={answer.text} />}
      {answer.text === '' && <p class="hint">The answer has no content.</p>}
    </>
  );
}

const SHOWN = 20_000;

function PlainText({ text }: { text: string }) {
  return (
    <>
      <div class="tools">
        {text.length > SHOWN && (
          <p class="hint">
            The first {SHOWN.toLocaleString('en')} of {text.length.toLocaleString('en')} characters.
          </p>
        )}
        <Copy label="Copy text" text={() => text} />
      </div>
      <pre class="code" tabIndex={0} role="region" aria-label="Answer as text">
        {text.slice(0, SHOWN)}
      </pre>
    </>
  );
}

function Explained({ answer }: { answer: Answer }) {
  // By whose credentials were used then, not by what is set up later.
  const failure = useMemo(() => failureOf(answer.status, answer.json, ownCredentials.peek()), [answer]);
  return (
    <div class="failed" role="alert">
      <p class="strong">{failure.code ? `${failure.type} / ${failure.code}` : `Status ${answer.status}`}</p>
      {failure.message && <p>{failure.message}</p>}
      <p>{failure.advice}</p>
      {failure.documentation && (
        <p>
          <a href={failure.documentation} target="_blank" rel="noopener noreferrer">
            Plaid’s page on this error
          </a>
        </p>
      )}
    </div>
  );
}

/** Bytes above which less of an answer is open at first. */
const LARGE = 60_000;

function JsonBody({ answer }: { answer: Answer }) {
  // Folding again from one state means building the tree anew.
  const open = useSignal({ depth: answer.bytes > LARGE ? 2 : 3, built: 0 });
  const build = (depth: number) => (open.value = { depth, built: open.value.built + 1 });
  const json = answer.json;
  if (json === undefined) return null;
  return (
    <>
      <div class="tools">
        <button type="button" class="quiet" onClick={() => build(1)}>
          Fold
        </button>
        <button type="button" class="quiet" onClick={() => build(12)}>
          Unfold
        </button>
        <Copy label="Copy JSON" text={() => writeJson(json)} />
      </div>
      <Tree key={open.value.built} json={json} open={open.value.depth} />
    </>
  );
}

function File({ file }: { file: { blob: Blob; name: string } }) {
  const url = useMemo(() => URL.createObjectURL(file.blob), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <p>
      <a class="button primary" href={url} download={file.name}>
        <Icon of={Download} /> Download {file.name} ({size(file.blob.size)})
      </a>
    </p>
  );
}
