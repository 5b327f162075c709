// Following the end of a pane that grows, and leaving off when a person scrolls up.
//
//   FE1. Whatever moves the pane up (wheel, keys, scroll bar, touch, find in page) stops following; its end starts it.
//   FE2. The end is the end: rows near it get their real height only when they are laid out, so it is gone to again
//        until it stays. It never takes back a move of a person that was not heard yet.

/** Pixels from the end that still count as the end: less than two lines. */
const NEAR = 30;
/** Frames after which the heights of the rows near the end are known. */
const FRAMES = 4;

/** What is needed of an element that scrolls. */
export interface Scrolled {
  readonly scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}

/** Tells what a scroll says of following: true at the end, false after going up, null where it says nothing. */
export function followsAfter(before: Scrolled, now: Scrolled): boolean | null {
  if (now.scrollHeight - now.scrollTop - now.clientHeight < NEAR) return true;
  // A pane that shrinks moves what it shows up without anybody having scrolled.
  if (now.scrollHeight < before.scrollHeight) return null;
  return now.scrollTop < before.scrollTop - 1 ? false : null;
}

const placeOf = ({ scrollTop, scrollHeight, clientHeight }: Scrolled): Scrolled => ({
  scrollTop,
  scrollHeight,
  clientHeight,
});

/** Hears each scroll of a pane; the result ends it. */
export function watchScrolling(element: HTMLElement, onFollow: (on: boolean) => void): () => void {
  let before = placeOf(element);
  const look = () => {
    const follows = followsAfter(before, element);
    before = placeOf(element);
    if (follows !== null) onFollow(follows);
  };
  element.addEventListener("scroll", look, { passive: true });
  return () => element.removeEventListener("scroll", look);
}

/** Where panes were put last: whoever is above that by now went up, though no scroll was heard yet. */
const PLACED = new WeakMap<HTMLElement, Scrolled>();

/** Forgets where a pane was put: its end is wanted from wherever it is. */
export function followAnew(element: HTMLElement): void {
  PLACED.delete(element);
}

/** Goes to the end of a pane and stays there until its rows are laid out; the result ends it. */
export function keepAtEnd(element: HTMLElement): () => void {
  let frame = 0;
  const go = (left: number) => {
    const placed = PLACED.get(element);
    if (placed !== undefined && followsAfter(placed, element) === false) return;
    if (element.scrollHeight - element.scrollTop - element.clientHeight > 1) element.scrollTop = element.scrollHeight;
    PLACED.set(element, placeOf(element));
    if (left > 0) frame = requestAnimationFrame(() => go(left - 1));
  };
  go(FRAMES);
  return () => cancelAnimationFrame(frame);
}
