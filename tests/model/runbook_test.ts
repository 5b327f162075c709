import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { problemText, readRunbook } from "@/lib/model/runbook.ts";

const F = "```";
const codes = (task: string) =>
  readRunbook(task).steps.map((s) =>
    s.items.map((i) => i.kind === "code" ? i.code : i.kind === "ask" ? `?${i.question}` : `!${i.why}`)
  );

Deno.test("[RB1] headings of level 2 are the steps, in order, with ids of their own; the first level 1 is the title", () => {
  const book = readRunbook(
    `# Weather\n\nSome words.\n\n## Load\ntext\n### More\n${F}ts\na();\n${F}\n## Draw it ##\n${F}js\nb();\n${F}\n`,
  );
  assertEquals(book.title, "Weather");
  assertEquals(book.about, "Some words.");
  assertEquals(book.steps.map(({ id, title }) => [id, title]), [["step-1", "Load"], ["step-2", "Draw it"]]);
  assertEquals(book.steps[0]?.prose, "text\n### More");
  assertEquals(book.steps[0]?.items.map((i) => i.kind === "code" && [i.language, i.code]), [["ts", "a();"]]);
  assertEquals(book.steps[1]?.items.map((i) => i.kind === "code" && [i.language, i.code]), [["js", "b();"]]);
  assertEquals(book.problems, []);
});

Deno.test("[RB2] without headings of level 2 the items of the first numbered list are the steps", () => {
  const book = readRunbook(
    `Do this:\n\n1. Load\n   ${F}typescript\n   a();\n     b();\n   ${F}\n   1. nested\n   2. nested too\n2) Fit\n\n${F}javascript\nc();\n${F}\n\n1. another list\n`,
  );
  assertEquals(book.title, "Do this:");
  assertEquals(book.steps.map((s) => s.title), ["Load", "Fit"]);
  assertEquals(book.steps[0]?.items.map((i) => i.kind === "code" && i.code), ["a();\n  b();"]);
  assertEquals(book.steps[0]?.prose, "1. nested\n2. nested too");
  assertStringIncludes(book.steps[1]?.prose ?? "", "1. another list");
});

Deno.test("[RB3] plain prose is one step with all of it", () => {
  const book = readRunbook("Find out why the sky is blue.\nUse simple words.");
  assertEquals(book.steps, [{
    id: "step-1",
    title: "Find out why the sky is blue.",
    prose: "Find out why the sky is blue.\nUse simple words.",
    items: [],
  }]);
  assertEquals(readRunbook("").steps.map((s) => s.title), ["Task"]);
});

Deno.test("[RB4] headings and quotes inside of fences and comments are text", () => {
  const task =
    `## One\n${F}${F}ts\n## not a step\n> approve: no\n${F}\nstill\n${F}${F}\n<!--\n## hidden\n${F}ts\nbad();\n${F}\n-->\n~~~text\n## neither\n~~~\n## Two\n`;
  assertEquals(readRunbook(task).steps.map((s) => s.title), ["One", "Two"]);
  assertEquals(codes(task), [[`## not a step\n> approve: no\n${F}\nstill`], []]);
});

Deno.test("[RB5] approve and ask stand at their place among the blocks", () => {
  const task =
    `## A\n> ask: Which year?\n${F}ts\na();\n${F}\n> Approve: look at it\n> before you go on\n${F}ts\nb();\n${F}\n> a quote\n`;
  assertEquals(codes(task), [["?Which year?", "a();", "!look at it\nbefore you go on", "b();"]]);
  assertEquals(readRunbook(task).steps[0]?.prose, "> a quote");
});

Deno.test("[RB6] an approve after the last block of a step is asked before the next one", () => {
  const task = `## A\n${F}ts\na();\n${F}\n> approve: go on?\n## B\n${F}ts\nb();\n${F}\n> approve: last\n`;
  assertEquals(codes(task), [["a();"], ["!go on?", "b();", "!last"]]);
  assertEquals(codes("## A\n> approve: by eye\n## B\n"), [["!by eye"], []]);
});

Deno.test("[RB7] input fences are files of the next block; alone they are a step that only writes", () => {
  const task =
    `## A\n${F}json input=a.json\n{"x": 1}\n${F}\n${F}csv input="in/b c.csv"\nx,y\n1,2\n${F}\n${F}ts\na();\n${F}\n## B\n${F}csv input=c.csv\n1\n${F}\n${F}json\n{}\n${F}\n`;
  const [a, b] = readRunbook(task).steps;
  assertEquals(a?.items.map((i) => i.kind === "code" && i.files), [{
    "a.json": '{"x": 1}\n',
    "in/b c.csv": "x,y\n1,2\n",
  }]);
  assertEquals(b?.items.map((i) => i.kind === "code" && [i.code, i.files]), [["", { "c.csv": "1\n" }]]);
  assertEquals(b?.prose, `${F}json\n{}\n${F}`);
});

Deno.test("[RB8] front matter: title, inputs, grants, timeout, attempts, with their defaults", () => {
  const task =
    `---\ntitle: "A: title" \ninputs: [a.csv, 'b c.csv']\ngrants:\n  net:\n    - example.org # why\n  read: [/srv/data]\ntimeout: 90\nattempts: 2\n---\n## S\n`;
  const { front, title, problems } = readRunbook(task);
  assertEquals(problems, []);
  assertEquals(title, "A: title");
  assertEquals(front, {
    title: "A: title",
    inputs: ["a.csv", "b c.csv"],
    grants: { read: ["/srv/data"], net: ["example.org"] },
    timeout: 90,
    attempts: 2,
  });
  assertEquals(readRunbook("---\ninputs:\n- x.csv\n---\n").front.inputs, ["x.csv"]);
  assertEquals(readRunbook("## S\n").front, { inputs: [], grants: { read: [], net: [] }, attempts: 1 });
});

Deno.test("[RB9] what cannot be followed is a problem with its line", () => {
  const lines = (task: string) => readRunbook(task).problems.map((p) => p.line);
  const text = (task: string) => problemText(readRunbook(task).problems);
  assertStringIncludes(text("---\ntimeuot: 5\n---\n## S\n"), 'line 2: Unknown key "timeuot"');
  assertStringIncludes(text("---\ntitle: x\nattempts: many\n---\n## S\n"), 'line 3: "attempts"');
  assertStringIncludes(text("---\n__proto__: x\n---\n"), "Unknown key");
  assertEquals(lines("---\nwhat is this\n---\n"), [2]);
  assertEquals(lines("---\ntimeout: 1\ntimeout: 2\n---\n"), [3]);
  assertEquals(lines(`## A\n\n${F}ts\na();\n`), [3]);
  assertEquals(lines(`Fix this:\n\n${F}\na();\n`), [], "an open fence that is not run harms nobody");
  assertEquals(lines(`## A\n${F}json input=a.json\n{"x": }\n${F}\n`), [2]);
  for (const name of ["../a.json", "/a.json", "a/../b.json", ".holdfast/x.json", "answers.json", "C:x", '"a\\b"']) {
    assertEquals(lines(`## A\n${F}json input=${name}\n1\n${F}\n`), [2], name);
  }
  assertEquals(lines("## A\n> ask:\n"), [2]);
  assertEquals(lines("## A\n".repeat(51)), [1]);
  assertEquals(lines("## A\n".repeat(50)), []);
});

Deno.test("[RB10] what stands before the first step and does something is a step of its own", () => {
  const book = readRunbook(`# T\nwords\n${F}ts\na();\n${F}\n## A\n`);
  assertEquals(book.steps.map(({ id, title }) => [id, title]), [["preparation", "Preparation"], ["step-1", "A"]]);
  assertEquals(book.about, "words");
});

Deno.test("[RB11] line ends of Windows and a byte order mark make no difference", () => {
  const unix = `---\ntitle: T\n---\n## A\n${F}ts\na();\nb();\n${F}\n`;
  assertEquals(readRunbook("\uFEFF" + unix.replaceAll("\n", "\r\n")), readRunbook(unix));
});

Deno.test("[RB12] reading takes time in proportion to the text, whatever is in it", () => {
  const n = 200_000;
  const texts = [
    `# ${" #".repeat(n)}x`,
    `## ${" ".repeat(n)}x`,
    `${F}ts\n${F}\n`.repeat(n / 10),
    `<!-- x -->\n`.repeat(n / 10),
    `${F}json ${" ".repeat(n)}input`,
    `1. ${" ".repeat(n)}x`,
    "> approve: x\n".repeat(n / 10),
  ];
  for (const text of texts) {
    const begun = performance.now();
    readRunbook(text);
    assert(performance.now() - begun < 2000, text.slice(0, 20));
  }
});
