// Tasks that the tests of pages and commands start: small, real, and quick.

/** One step that prints a line and writes a file. */
export const PRINTS = `# Prints a line

## Print

\`\`\`ts
await Deno.writeTextFile("note.txt", "kept\\n");
console.log("printed");
\`\`\`
`;

/** Prints, then asks whether to go on, then prints again. */
export const ASKS = `# Asks before it goes on

## Before

\`\`\`ts
console.log("before");
\`\`\`

## After

> approve: Shall it go on?

\`\`\`ts
console.log("after");
\`\`\`
`;

/** Asks at once. */
export const ASKS_FIRST = `# Asks at once

## Only

> approve: Shall it begin?

\`\`\`ts
console.log("begun");
\`\`\`
`;

/** Fails. */
export const FAILS = `# Fails

## Fail

\`\`\`ts
throw new Error("the table is empty");
\`\`\`
`;

/** Prints a number each 20 ms until a file \`stop\` is there, at most a minute. */
export const COUNTS = `# Counts

## Count

\`\`\`ts
for (let i = 1; i <= 3000; i++) {
  console.log("number " + i);
  if (await Deno.stat("stop").then(() => true, () => false)) break;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
\`\`\`
`;
