import uFuzzy from '@leeoniya/ufuzzy';
import type { Entry } from './catalogue.ts';

const MOST = 40;

/** Finds operations by words of their path, title or product, in any order, with one typo each. */
export function searcher(
  operations: readonly Entry[],
  productTitle: (id: string) => string,
): (query: string) => Entry[] {
  const haystack = operations.map((entry) =>
    `${entry.path} ${entry.title} ${productTitle(entry.product)}`.replaceAll('_', ' '),
  );
  const fuzzy = new uFuzzy({ intraMode: 1 });
  return (query) => {
    const needle = query.trim().replaceAll('_', ' ');
    if (needle === '') return operations.slice();
    const [found, info, order] = fuzzy.search(haystack, needle, 3);
    const ranked = info && order ? order.map((index) => info.idx[index]) : (found ?? []);
    const entries = ranked.flatMap((index) => (index === undefined ? [] : (operations[index] ?? [])));
    return byPath(entries, query.trim()).slice(0, MOST);
  };
}

/** What has the path that was typed comes before what has the words somewhere. */
function byPath(entries: Entry[], query: string): Entry[] {
  const wanted = query.toLowerCase();
  const rank = (entry: Entry) => (entry.path === wanted ? 0 : entry.path.includes(wanted) ? 1 : 2);
  return entries
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => rank(a.entry) - rank(b.entry) || a.index - b.index)
    .map(({ entry }) => entry);
}
