// What every page does with keys and clicks beside its own controls: short cuts, and menus that close.
//
//   PK1. Single keys rest in fields, in dialogs, and with a modifier.
//   PK2. A menu closes when something of it was chosen, at a click elsewhere, and with Esc, which gives the focus back.

const OPEN_MENU = "details.account[open]";
/** Whether `g` was pressed just before: the next key says where to. */
let going = false;

/** Installs them on the page; the result takes them away. */
export function listenToPage(): () => void {
  document.addEventListener("keydown", shortcuts);
  document.addEventListener("keydown", closeByKey);
  document.addEventListener("click", closeByClick);
  return () => {
    document.removeEventListener("keydown", shortcuts);
    document.removeEventListener("keydown", closeByKey);
    document.removeEventListener("click", closeByClick);
  };
}

/** `t` new task, `g s` sessions, `/` search. */
function shortcuts(event: KeyboardEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, textarea, select, [contenteditable], dialog")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const second = going;
  going = event.key === "g";
  if (second && event.key === "s") location.assign("/");
  if (event.key === "t") location.assign("/new");
  if (event.key !== "/") return;
  const search = document.querySelector<HTMLInputElement>("input[type=search]");
  if (search === null) return;
  event.preventDefault();
  search.focus();
}

function closeByKey(event: KeyboardEvent): void {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll<HTMLDetailsElement>(OPEN_MENU)) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary")?.focus();
  }
}

function closeByClick(event: MouseEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  for (const menu of document.querySelectorAll<HTMLDetailsElement>(OPEN_MENU)) {
    const kept = target !== null && menu.contains(target) && target.closest("button, a") === null;
    if (!kept) menu.open = false;
  }
}
