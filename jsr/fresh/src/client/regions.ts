// Finds the comments that mark islands and slots in the server's HTML.
//
// A region lies between two comments that are siblings. A browser that moved one of them, because the
// HTML was nested in a way that it does not allow, has broken the region: it is reported and left out.

/** The DOM between two comments. */
export interface Region {
  start: Comment;
  end: Comment;
}

/** A place where an island stands, and which of the page's props are its. */
export interface Place extends Region {
  name: string;
  index: number;
}

/** The islands that stand in no other one, and the content for slots by id. */
export interface Regions {
  places: Place[];
  slots: Map<number, Region | DocumentFragment>;
}

/** Reads the whole page, also the content that stands nowhere yet. */
export function readRegions(): Regions {
  const regions: Regions = { places: [], slots: new Map() };
  readTree(document.body, regions, true);
  for (const template of document.querySelectorAll<HTMLTemplateElement>("template[id^='frsh-']")) {
    regions.slots.set(Number(template.id.split("-")[1]), template.content);
    readTree(template.content, regions, false);
  }
  return regions;
}

/** Reads a comment that opens or closes a region. */
export function readMark(node: Node): { opens: boolean; kind: string; first: string; second: string } | null {
  const found = node instanceof Comment && /^(\/?)frsh:(island|slot)(?::([^:]*):([^:]*))?$/.exec(node.data);
  if (!found) return null;
  const [, slash, kind = "", first = "", second = ""] = found;
  return { opens: slash === "", kind, first, second };
}

type Open = { mark: NonNullable<ReturnType<typeof readMark>>; start: Comment };

function readTree(root: Node, regions: Regions, isPage: boolean): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  const open: Open[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const mark = readMark(node);
    if (!mark || !(node instanceof Comment)) continue;
    if (mark.opens) {
      open.push({ mark, start: node });
      continue;
    }
    const last = open.pop();
    if (last) close(last, node, { regions, isOutermost: isPage && open.length === 0 });
  }
}

function close({ mark, start }: Open, end: Comment, at: { regions: Regions; isOutermost: boolean }): void {
  if (start.parentNode !== end.parentNode) {
    reportError(new Error(`Cannot revive ${mark.kind} "${mark.first}": the browser moved its HTML; check the nesting`));
  } else if (mark.kind === "slot") {
    at.regions.slots.set(Number(mark.first), { start, end });
  } else if (at.isOutermost) {
    at.regions.places.push({ start, end, name: mark.first, index: Number(mark.second) });
  }
}
