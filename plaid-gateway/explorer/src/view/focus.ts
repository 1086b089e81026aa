/** Where reading goes on after something was opened. */
import { useEffect, useRef } from 'preact/hooks';

/** To the title, once a dialog has given the focus back and the page is drawn. */
export function focusTitle() {
  setTimeout(() => document.getElementById('title')?.focus());
}

/** A page that was come to by a link is read from its title; where the first one is read from, the browser decides. */
export function useTitleFocus(page: string) {
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    document.getElementById('title')?.focus();
  }, [page]);
}
