import bash from 'highlight.js/lib/languages/bash';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import typescript from 'highlight.js/lib/languages/typescript';
import { createLowlight } from 'lowlight';
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';

const lowlight = createLowlight({ bash, python, rust, typescript });

/** Highlighted code. The highlighter makes a tree, so that code never becomes HTML. */
export function Code({ text, language, label }: { text: string; language: string; label: string }) {
  return (
    // A block that scrolls has to be reached from the keyboard.
    <pre class="code" tabIndex={0} role="region" aria-label={label}>
      <code>
        {text
          .trimEnd()
          .split('\n')
          .map((line, place) => (
            <Line key={place} text={`${line}\n`} language={language} />
          ))}
      </code>
    </pre>
  );
}

/** Each line by itself: none of ours begins in another, and a key pressed changes one of hundreds. */
const Line = memo(({ text, language }: { text: string; language: string }) => (
  <>{lowlight.highlight(language, text).children.map(node)}</>
));

type Node = ReturnType<typeof lowlight.highlight>['children'][number];

function node(of: Node, key: number): ComponentChildren {
  if (of.type === 'text') return of.value;
  if (of.type !== 'element') return null;
  const names = of.properties.className;
  return (
    <span key={key} class={Array.isArray(names) ? names.join(' ') : ''}>
      {of.children.map((child, index) => node(child as Node, index))}
    </span>
  );
}
