import { effect, signal } from '@preact/signals';
import * as storage from './storage.ts';

export type Theme = 'system' | 'light' | 'dark';

const stored = storage.read('theme');
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

export function startTheme(): void {
  effect(() => {
    storage.write('theme', theme.value === 'system' ? '' : theme.value);
    document.documentElement.dataset.theme = theme.value;
  });
}

export function nextTheme(): void {
  theme.value = theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system';
}
