/** The browser's storage, which may be full, switched off or hold anything. */
import { parseJson, type Json } from '../model/json.ts';

const PREFIX = 'plaid-explorer.';

export function read(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? '';
  } catch {
    return '';
  }
}

export function readJson(name: string): Json | undefined {
  try {
    return parseJson(read(name));
  } catch {
    return undefined;
  }
}

/** An empty value removes the entry. */
export function write(name: string, value: string): void {
  try {
    if (value === '') localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // The page works without; what was typed is then gone after a reload.
  }
}
