// What a task is called in lists before anybody gives it a name: one line of its own text.
//
//   TT1. The title of the front matter where it has one, else the first line that says something, without its `#`.
//   TT2. A name has at most 80 characters.
import { readFrontMatter } from "./front_matter.ts";

/** The title of a task in one line; empty for a task that says nothing. */
export function taskTitle(task: string): string {
  const lines = task.replace(/^\uFEFF/, "").trimStart().split(/\r\n|\n|\r/);
  const { front, next } = readFrontMatter(lines);
  if (front.title !== undefined) return front.title;
  const said = lines.slice(next).find((line) => /[\p{L}\p{N}]/u.test(line)) ?? lines.slice(next).join(" ");
  return said.trim().replace(/^#+\s+/, "").replace(/\s+#+$/, "");
}

const NAME_CHARACTERS = 80;

/** The name of a session that is made for a task; null for a task that says nothing. */
export function nameForTask(task: string): string | null {
  const title = taskTitle(task).replace(/\s+/g, " ");
  if (title === "") return null;
  if (title.length <= NAME_CHARACTERS) return title;
  const end = /[\uD800-\uDBFF]/.test(title.charAt(NAME_CHARACTERS - 2)) ? NAME_CHARACTERS - 2 : NAME_CHARACTERS - 1;
  return `${title.slice(0, end).trimEnd()}…`;
}
