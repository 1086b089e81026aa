// @vitest-environment happy-dom
import { render } from 'preact';
import { afterEach, describe, expect, test } from 'vitest';
import { setAt } from '../src/model/form.ts';
import { parseJson } from '../src/model/json.ts';
import { index } from '../src/state/session.ts';
import { Code } from '../src/view/code.tsx';
import { Markdown } from '../src/view/markdown.tsx';
import { Tree } from '../src/view/tree.tsx';

const root = document.createElement('div');
afterEach(() => render(null, root));

function html(content: preact.ComponentChild): string {
  render(content, root);
  return root.innerHTML;
}

describe('markdown', () => {
  test.each([
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    'a <b onclick="x()">b</b>',
    '&lt;img src=x&gt;',
  ])('%s is text', (text) => {
    render(<Markdown text={text} />, root);
    expect(root.querySelector('img, script, b')).toBeNull();
    expect(root.textContent).toContain(text);
  });

  test.each([
    '[a](javascript:alert(1))',
    '[a](data:text/html,x)',
    '[a](//evil.example)',
    '[a](../struct.Items.html)',
    '![a](https://evil.example/x.png)',
  ])('%s leads nowhere and loads nothing', (text) => {
    render(<Markdown text={text} />, root);
    expect(root.querySelector('a, img')).toBeNull();
    expect(root.textContent).toContain('a');
  });

  test('has paragraphs, lists, emphasis, code and links', () => {
    expect(html(<Markdown text={'One **two** *three* `four` [five](https://plaid.com).\n\n- a\n- b'} />)).toBe(
      '<p>One <strong>two</strong> <em>three</em> <code>four</code> <a href="https://plaid.com" target="_blank" rel="noopener noreferrer">five</a>.</p><ul><li>a</li><li>b</li></ul>',
    );
  });

  test('the path of an operation leads to it', () => {
    index.value = {
      version: '',
      products: [],
      operations: [{ id: 'itemGet', method: 'POST', path: '/item/get', product: 'items', title: '' }],
    };
    expect(html(<Markdown text="See `/item/get` and `/no/such`." />)).toBe(
      '<p>See <a href="#/itemGet"><code>/item/get</code></a> and <code>/no/such</code>.</p>',
    );
  });
});

test('code is text, whatever was typed into the form', () => {
  const text = 'let a = "</code><img src=x onerror=alert(1)>";';
  render(<Code text={text} language="rust" label="Rust code" />, root);
  expect(root.querySelector('img')).toBeNull();
  expect(root.textContent?.trimEnd()).toBe(text);
});

describe('an answer', () => {
  test('shows every digit and every key as it came', () => {
    render(
      <Tree json={parseJson('{"<b>":0.10,"big":12345678901234567890,"none":null,"text":"a\\"b"}')} open={3} />,
      root,
    );
    expect(root.querySelector('b')).toBeNull();
    for (const shown of ['"<b>": 0.10', '12345678901234567890', '"none": null', '"text": "a\\"b"'])
      expect(root.textContent).toContain(shown);
  });

  test('that is deep or empty is shown too', () => {
    const deep = `${'['.repeat(60)}${']'.repeat(60)}`;
    render(<Tree json={parseJson(deep)} open={500} />, root);
    expect(root.querySelectorAll('.branch').length).toBe(59);
    render(<Tree json={parseJson('{}')} open={3} />, root);
    expect(root.textContent).toContain('{}');
  });
});

describe('a changed form', () => {
  const form = { a: { b: 'x', c: ['1', '2'] }, d: { e: 'y' } };

  test('shares what did not change, so that only the field that did is drawn', () => {
    const changed = setAt(form, ['a', 'c', '1'], '3');
    expect(changed).toEqual({ a: { b: 'x', c: ['1', '3'] }, d: { e: 'y' } });
    expect((changed as typeof form).d).toBe(form.d);
    expect(form.a.c).toEqual(['1', '2']);
  });

  test('loses what was cleared', () => {
    expect(setAt(form, ['a'], undefined)).toEqual({ d: { e: 'y' } });
  });

  test('takes no field from the prototype of objects', () => {
    expect(Object.hasOwn(setAt({}, ['constructor', 'name'], 'x') as object, 'constructor')).toBe(true);
    expect(({} as { name?: string }).name).toBeUndefined();
  });
});
