/** Where calls go and what they are made with. */
import { computed, effect, signal } from '@preact/signals';
import * as storage from './storage.ts';

/** Kept in the browser's storage as they are typed. */
export const gatewayUrl = signal(storage.read('gateway'));
export const callerKey = signal(storage.read('key'));

/** The user's own credentials: in memory, and stored only if they ask for it. */
export const clientId = signal(storage.read('client_id'));
export const clientSecret = signal(storage.read('secret'));
export const remember = signal(storage.read('remember') === 'yes');

export interface Settings {
  /** The gateway takes the caller's own credentials. */
  ownCredentials: boolean;
  environment: string;
}

/** What the gateway says of itself; null until it has answered. */
export const settings = signal<Settings | null>(null);

effect(() => storage.write('gateway', gatewayUrl.value));
effect(() => storage.write('key', callerKey.value));
effect(() => {
  const keep = remember.value;
  storage.write('remember', keep ? 'yes' : '');
  storage.write('client_id', keep ? clientId.value : '');
  storage.write('secret', keep ? clientSecret.value : '');
});

export function forgetGateway(): void {
  gatewayUrl.value = '';
  callerKey.value = '';
}

export function forgetCredentials(): void {
  clientId.value = '';
  clientSecret.value = '';
  remember.value = false;
}

/** The gateway that served this page. */
export function thisGateway(): string {
  return new URL('..', new URL(assetBase(), location.href)).href.replace(/\/$/, '');
}

/** The folder of this page, also when it was opened without the slash at its end. */
export function assetBase(): string {
  return `${location.pathname.replace(/\/(index\.html)?$/, '')}/`;
}

/** The gateway's URL without a slash at the end, or why it is none. */
export const gateway = computed((): { url: string } | { problem: string } => {
  const text = gatewayUrl.value.trim();
  if (text === '') return { problem: 'Set the gateway first.' };
  if (!URL.canParse(text)) return { problem: 'The gateway is not a URL; it should read like http://127.0.0.1:4010.' };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { problem: 'The gateway’s URL must begin with http:// or https://.' };
  if (url.username || url.password) return { problem: 'The gateway’s URL must not hold a user name or password.' };
  return { url: (url.origin + url.pathname).replace(/\/+$/, '') };
});

/** Whether the gateway takes credentials of the user's own: known of the one that served this page. */
export const takesCredentials = computed(() => {
  const state = gateway.value;
  return (
    settings.value?.ownCredentials === true &&
    (gatewayUrl.value === '' || ('url' in state && state.url === thisGateway()))
  );
});

/** Whether calls carry them. */
export const ownCredentials = computed(
  () => takesCredentials.value && clientId.value !== '' && clientSecret.value !== '',
);

/** What must not get into code, links and the history, in whatever field it was typed. */
export const ownSecrets = computed(() => [callerKey.value, clientSecret.value].filter((secret) => secret !== ''));

export function authorization(): Record<string, string> {
  const headers: Record<string, string> = {};
  if (callerKey.value) headers.authorization = `Bearer ${callerKey.value}`;
  if (ownCredentials.value) {
    headers['plaid-client-id'] = clientId.value;
    headers['plaid-secret'] = clientSecret.value;
  }
  return headers;
}

/** Asks the gateway that served this page what it allows. */
export async function loadSettings(): Promise<void> {
  try {
    const response = await fetch(`${assetBase()}settings.json`, { cache: 'no-store' });
    const body: unknown = await response.json();
    if (!response.ok || typeof body !== 'object' || body === null) return;
    const { own_credentials: own, environment } = body as Record<string, unknown>;
    settings.value = { ownCredentials: own === true, environment: typeof environment === 'string' ? environment : '' };
  } catch {
    // Without settings the page offers no credentials of one's own, and works.
  }
}
