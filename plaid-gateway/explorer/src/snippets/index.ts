import { curl } from './curl.ts';
import { python } from './python.ts';
import { rust } from './rust.ts';
import { typescript } from './typescript.ts';
import type { Snippet } from './common.ts';

export type { SnippetSettings } from './common.ts';

export const LANGUAGES: readonly { id: string; title: string; highlight: string; write: Snippet }[] = [
  { id: 'rust', title: 'Rust', highlight: 'rust', write: rust },
  { id: 'typescript', title: 'TypeScript', highlight: 'typescript', write: typescript },
  { id: 'python', title: 'Python', highlight: 'python', write: python },
  { id: 'curl', title: 'curl', highlight: 'bash', write: curl },
];
