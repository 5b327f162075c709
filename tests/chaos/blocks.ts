// Blocks of code that leave marks outside, whatever runs them: a runbook or a workflow of the harness's own.

/** A block of a book. */
export interface Block {
  readonly name: string;
  readonly lines: number;
  readonly pause_ms: number;
  /** The step whose completion says that it has finished. */
  readonly step: string;
  /** Blocks of one lane follow each other; lanes go on at once. */
  readonly lane?: string;
}

/** A block. */
export const block = (name: string, lines: number, pause_ms: number, step = name): Block => ({
  name,
  lines,
  pause_ms,
  step,
});

/** The code of a block; `last` is done before its end. */
export function code({ name, lines, pause_ms }: Block, last = ""): string {
  return `const id = crypto.randomUUID().slice(0, 8);
const mark = (what) => Deno.writeTextFileSync("ran.txt", \`\${what} ${name} \${id}\\n\`, { append: true });
await mark("begin");
for (let i = 0; i < ${lines}; i++) {
  console.log("${name}", id, i);
  ${pause_ms === 0 ? "" : `await new Promise((resolve) => setTimeout(resolve, ${pause_ms}));`}
}
${last}await mark("end");
`;
}

const MARK = /const mark = .*\$\{what\} (\w+) \$\{id\}.*$/gm;

/** Code whose marks go to a counter at an address instead of a file: what several disks have is no witness. */
export function counted(code: string, url: string): string {
  return code.replaceAll(
    MARK,
    (_, name) =>
      `const mark = async (what) => {
  const { ok } = await fetch(\`${url}/\${what}/${name}/\${id}\`);
  if (!ok) throw new Error("the mark was not taken");
};`,
  );
}
