/** A key alone can be pressed by mistake, or by a voice that is typed: it can be switched off. */
import { effect, signal } from '@preact/signals';
import * as storage from './storage.ts';

/** Whether `/` opens the search; Ctrl+K always does. */
export const slash = signal(storage.read('slash') !== 'off');

effect(() => storage.write('slash', slash.value ? '' : 'off'));
