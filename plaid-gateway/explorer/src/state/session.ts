/** What is open: the list of operations, the facts of one, and what its form holds. */
import { computed, signal, type Signal } from '@preact/signals';
import type { Detail, Entry, Index, Operation } from '../model/catalogue.ts';
import type { Outcome } from '../model/call.ts';
import type { FormValue } from '../model/form.ts';
import { assetBase } from './connection.ts';
import { route } from './route.ts';

export const index = signal<Index | null>(null);
/** Why there is nothing to show. */
export const trouble = signal('');

export const entries = computed(() => new Map(index.value?.operations.map((entry) => [entry.id, entry])));
export const byPath = computed(() => new Map(index.value?.operations.map((entry) => [entry.path, entry])));
export const current = computed((): Entry | undefined => entries.value.get(route.value.id));

export function productTitle(id: string): string {
  return index.peek()?.products.find((product) => product.id === id)?.title ?? id;
}

/** What is kept of an operation while the page is open. */
export interface Work {
  form: Signal<FormValue>;
  /** Counts up when the form is filled from elsewhere, so that its fields are built anew. */
  filled: Signal<number>;
  outcome: Signal<Outcome | null>;
  /** How many calls were answered. */
  calls: Signal<number>;
  running: Signal<AbortController | null>;
  note: Signal<string>;
}

const works = new Map<string, Work>();

export function workOf(id: string): Work {
  const known = works.get(id);
  if (known) return known;
  const work: Work = {
    form: signal({}),
    filled: signal(0),
    outcome: signal(null),
    calls: signal(0),
    running: signal(null),
    note: signal(''),
  };
  works.set(id, work);
  return work;
}

/** Empties every form and drops every answer: both may hold tokens. So may one that is still to come. */
export function forgetWork(): void {
  for (const work of works.values()) {
    work.running.value?.abort();
    work.running.value = null;
    work.form.value = {};
    work.outcome.value = null;
    work.filled.value += 1;
    work.note.value = '';
  }
}

const details = new Map<string, Promise<Detail>>();

export async function loadIndex(): Promise<void> {
  try {
    index.value = await load<Index>('catalogue/index.json');
  } catch (error) {
    trouble.value = `The list of operations could not be read: ${reason(error)}. Check that the gateway runs, then reload.`;
  }
}

export async function loadOperation(entry: Entry): Promise<Operation> {
  const known = details.get(entry.id) ?? load<Detail>(`catalogue/operations/${entry.id}.json`);
  details.set(entry.id, known);
  try {
    return { entry, detail: await known };
  } catch (error) {
    details.delete(entry.id);
    throw new Error(`${entry.path} could not be read: ${reason(error)}. Check that the gateway runs.`, {
      cause: error,
    });
  }
}

async function load<T>(path: string): Promise<T> {
  const response = await fetch(assetBase() + path);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()) as T;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown';
}
