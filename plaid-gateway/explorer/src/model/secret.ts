/** What must not leave this page's memory but in a call. */

const TOKEN =
  /\b(access|public|link|processor|user|assets|asset-report|third-party-user|payment-token|payment-profile|credit-relay|a)-(sandbox|production|development)-[\w-]{4,}|\bbtok_\w{4,}/i;

/** Whether a text holds a token of Plaid's, in whatever field it was typed. */
export function holdsToken(text: string): boolean {
  return TOKEN.test(text);
}

/** The text with something else in the place of tokens, for JSON that is shown as a whole. */
export function withoutTokens(text: string): string {
  return text.replace(new RegExp(TOKEN, 'gi'), '<token>');
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
