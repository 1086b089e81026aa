/** What must not leave this page's memory but in a call. */

/** Plaid's tokens, and the keys of a gateway's callers. */
const TOKEN =
  /\b(access|public|link|processor|user|assets|asset-report|third-party-user|payment-token|payment-profile|credit-relay|a)-(sandbox|production|development)-[\w-]{4,}|\bbtok_\w{4,}|\bpgk_[\w-]{4,}/i;

/** What looks like no secret within a longer text: a short word is one only when it is all of it. */
const SHORT = 8;

/**
 * Whether a text holds a token, in whatever field it was typed.
 * @param own what the page is set up with: the caller's key and the client secret.
 */
export function holdsSecret(text: string, own: readonly string[] = []): boolean {
  return TOKEN.test(text) || own.some((secret) => (secret.length < SHORT ? text === secret : text.includes(secret)));
}

/** The text with something else in the place of secrets, for what is shown as a whole. */
export function withoutSecrets(text: string, own: readonly string[] = []): string {
  const known = own.reduce(
    (rest, secret) => (holdsSecret(rest, [secret]) ? rest.replaceAll(secret, '<secret>') : rest),
    text,
  );
  return known.replace(new RegExp(TOKEN, 'gi'), '<token>');
}

/** Names of environment variables for secrets: the same value has the same name. */
export class SecretNames {
  private readonly values = new Map<string, string>();

  name(field: string, value: string): string {
    const wanted = variable(field);
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}_${count}`;
      const known = this.values.get(name);
      if (known === undefined || known === value) {
        this.values.set(name, value);
        return name;
      }
    }
  }

  entries(): Record<string, string> {
    return Object.fromEntries(this.values);
  }
}

/** Of two words at least: `PATH` and `USER` are the shell's, and `SECRET` says little. */
function variable(field: string): string {
  const words = field
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .match(/[A-Z\d]+/g) ?? ['SECRET'];
  return words.length === 1 || /^\d/.test(words[0] ?? '') ? `MY_${words.join('_')}` : words.join('_');
}
