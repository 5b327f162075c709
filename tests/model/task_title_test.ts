import { assertEquals } from "@std/assert";
import { nameForTask, taskTitle } from "@/lib/model/task_title.ts";

Deno.test("[TT1] a task is called by the title of its front matter, else by the first line that says something", () => {
  assertEquals(taskTitle("---\ntitle: Sea ice\ntimeout: 60\n---\n\n# Another title\n"), "Sea ice");
  assertEquals(taskTitle("---\ntimeout: 60\n---\n\n# Load the table #\ntext"), "Load the table");
  assertEquals(taskTitle("\uFEFF\n\n## Load\n"), "Load");
  assertEquals(taskTitle("\n  Why is the sky blue?\nMore."), "Why is the sky blue?");
  assertEquals(taskTitle("---\nA rule of Markdown, no front matter"), "A rule of Markdown, no front matter");
  assertEquals(taskTitle("```ts\nrun();\n```"), "```ts");
  assertEquals(taskTitle("***\n???"), "*** ???");
  assertEquals(taskTitle("---\ntimeout: wrong\n---\nFirst"), "First");
  assertEquals(taskTitle(" \n"), "");
});

Deno.test("[TT2] a session's name is the title of its task, at most 80 characters, no character halved", () => {
  assertEquals(nameForTask("# Fit   the\ttrend"), "Fit the trend");
  assertEquals(nameForTask(" "), null);
  assertEquals(nameForTask("word ".repeat(40)), `${"word ".repeat(15)}word…`);
  const clef = "\u{1D11E}";
  assertEquals(nameForTask("a".repeat(78) + clef.repeat(3)), `${"a".repeat(78)}…`);
  assertEquals(nameForTask("a".repeat(77) + clef.repeat(3)), `${"a".repeat(77)}${clef}…`);
});
