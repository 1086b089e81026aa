/**
 * Where the page is: `#/<operation>?form=<request as JSON>`. It is in the part of the URL
 * that a browser does not send, so that no server's log has a form.
 */
import { signal } from '@preact/signals';
import { parseJson, type Json } from '../model/json.ts';

export interface Route {
  /** Empty for the first page. */
  id: string;
  /** What the link wants the form filled with. */
  form: Json | undefined;
  /** The link has a form that cannot be read. */
  broken: boolean;
}

/** A form in a link that is longer is not read. */
export const LONGEST_FORM = 20_000;

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const id = /^\w{1,80}$/.test(path) ? path : '';
  const text = new URLSearchParams(query).get('form');
  if (text === null) return { id, form: undefined, broken: false };
  try {
    if (text.length > LONGEST_FORM) throw new SyntaxError('too long');
    return { id, form: parseJson(text), broken: false };
  } catch {
    return { id, form: undefined, broken: true };
  }
}

export function hrefOf(id: string, form = ''): string {
  return form ? `#/${id}?form=${encodeURIComponent(form)}` : `#/${id}`;
}

export const route = signal<Route>({ id: '', form: undefined, broken: false });

export function startRouting(): void {
  const update = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener('hashchange', update);
  update();
}
