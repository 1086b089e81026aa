/** Makes the call of a form, and keeps of it what may be kept. */
import { batch } from '@preact/signals';
import type { Entry, Operation } from '../model/catalogue.ts';
import { prepare, send, type Outcome } from '../model/call.ts';
import { encode, writeWire, type Encoded } from '../model/form.ts';
import { parseJson } from '../model/json.ts';
import { requestShape } from '../model/shape.ts';
import { carry, carrySent } from './carried.ts';
import { authorization, gateway, ownSecrets } from './connection.ts';
import { record } from './history.ts';
import type { Work } from './session.ts';

export async function make(operation: Operation, work: Work, encoded: Encoded): Promise<void> {
  const state = gateway.value;
  if ('problem' in state || encoded.problems.size > 0 || work.running.value) return;
  const shape = requestShape(operation.detail);
  const kept = encode(shape, work.form.value, { withoutSecrets: true, own: ownSecrets.value });
  const stored = writeWire(kept.wire, '');
  const controller = new AbortController();
  work.running.value = controller;
  const outcome = await send(
    state.url,
    authorization(),
    prepare(operation.entry, operation.detail, encoded.wire),
    controller.signal,
  );
  // Forgotten meanwhile: nothing of it comes back.
  if (work.running.value !== controller) return;
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
