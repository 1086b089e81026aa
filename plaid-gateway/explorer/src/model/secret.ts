/** What must not leave this page's memory but in a call. */

const TOKEN =
  /\b(access|public|link|processor|user|assets|asset-report|third-party-user|payment-token|payment-profile|credit-relay|a)-(sandbox|production|development)-[\w-]{4,}|\bbtok_\w{4,}/i;

/** Whether a text holds a token of Plaid's, in whatever field it was typed. */
export function holdsToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Names of environment variables for secrets: the same value has the same name. */
export class SecretNames {
  private readonly values = new Map<string, string>();

  name(field: string, value: string): string {
    const wanted =
      field
        .replace(/([a-z\d])([A-Z])/g, '$1_$2')
        .replace(/\W+/g, '_')
        .toUpperCase() || 'SECRET';
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
