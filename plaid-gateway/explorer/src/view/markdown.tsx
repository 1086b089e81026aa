/** Markdown as elements. No HTML is ever made of text: what looks like it is shown as it is. */
import { lexer, type Token } from 'marked';
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { hrefOf } from '../state/route.ts';
import { byPath } from '../state/session.ts';

export const Markdown = memo(({ text }: { text: string }) => <>{lexer(text).map(block)}</>);

function block(token: Token, key: number): ComponentChildren {
  switch (token.type) {
    case 'space':
      return null;
    case 'paragraph':
      return <p key={key}>{inline(token)}</p>;
    case 'heading':
      return (
        <p key={key} class="strong">
          {inline(token)}
        </p>
      );
    case 'code':
      return <pre key={key}>{String(token.text)}</pre>;
    case 'blockquote':
      return <blockquote key={key}>{token.tokens?.map(block)}</blockquote>;
    case 'list': {
      const items = (token.items as Token[]).map((item, index) => <li key={index}>{children(item).map(block)}</li>);
      return token.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case 'text':
      return inline(token);
    default:
      return token.raw;
  }
}

function inline(token: Token): ComponentChildren {
  const parts = children(token);
  return parts.length > 0 ? parts.map(span) : String('text' in token ? token.text : token.raw);
}

function span(token: Token, key: number): ComponentChildren {
  switch (token.type) {
    case 'strong':
      return <strong key={key}>{inline(token)}</strong>;
    case 'em':
      return <em key={key}>{inline(token)}</em>;
    case 'codespan':
      return <Code key={key} text={String(token.text)} />;
    case 'br':
      return <br key={key} />;
    case 'link':
      return (
        <Link key={key} href={String(token.href)}>
          {inline(token)}
        </Link>
      );
    case 'text':
    case 'escape':
      return inline(token);
    default:
      return token.raw;
  }
}

function children(token: Token): Token[] {
  return 'tokens' in token && Array.isArray(token.tokens) ? token.tokens : [];
}

/** The path of an operation leads to it. */
function Code({ text }: { text: string }) {
  const entry = byPath.value.get(text);
  return entry ? (
    <a href={hrefOf(entry.id)}>
      <code>{text}</code>
    </a>
  ) : (
    <code>{text}</code>
  );
}

function Link({ href, children }: { href: string; children: ComponentChildren }) {
  if (!/^https:\/\//.test(href)) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
