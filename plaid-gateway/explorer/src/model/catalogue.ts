/** What is known of the API: the list of its operations, and the facts of one of them. */

/** A JSON Schema, as far as schemars writes it for the generated types. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  format?: string;
  description?: string;
  deprecated?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema | boolean;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  enum?: unknown[];
}

/** An operation as the list and the search know it. */
export interface Entry {
  id: string;
  method: string;
  path: string;
  product: string;
  title: string;
  docs?: string | null;
  /** The media type of the answer. */
  answer?: string | null;
}

export interface Product {
  id: string;
  title: string;
}

export interface Index {
  version: string;
  products: Product[];
  operations: Entry[];
}

/** A parameter in the path or in a header; few operations have any. */
export interface Parameter {
  name: string;
  in: 'path' | 'header' | 'query';
  type?: string;
  required: boolean;
  description?: string;
}

/** How a type of the crate is written down. */
export type RustType =
  | { kind: 'struct'; new: string[] | null; fields: Record<string, { ident: string; type: string }> }
  | { kind: 'enum'; variants: Record<string, string> };

/** How the crate makes this call. */
export interface RustFacts {
  product: string;
  method: string;
  args: { name: string; type: string }[];
  setters: Record<string, { method: string; type: string }>;
  types: Record<string, RustType>;
}

/** All that the page of one operation needs beside its entry. */
export interface Detail {
  id: string;
  description: string;
  request: Schema | null;
  parameters?: Parameter[];
  deprecated?: boolean | string;
  rust: RustFacts;
}

export interface Operation {
  entry: Entry;
  detail: Detail;
}
