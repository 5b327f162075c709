// Code from outside tries to use up the machine, and the host must stay able to answer: attack table, resources.
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { type Arena, attack, type Outcome } from "./arena.ts";
import { spec } from "../sandbox/support.ts";

/** The longest time in which the host did nothing else while `fn` ran. */
async function longestGap(fn: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 2);
  await fn();
  clearInterval(timer);
  return longest;
}
/** On a shared machine with two cores the host itself is not always scheduled. */
const ANSWERS_MS = 400;

attack("[SBX-ATT-24] code that spins ends by the clock, however it spins", async ({ run }) => {
  const spins = [
    "for (;;);",
    "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    "setInterval(() => {}, 1000)",
    "Deno.addSignalListener('SIGTERM', () => {}); Deno.addSignalListener('SIGINT', () => {}); setInterval(() => {}, 9)",
    "const again = () => Promise.resolve().then(again); again()",
    "await Deno.stdin.read(new Uint8Array(1)); for (;;);",
  ];
  const gap = await longestGap(async () => {
    for (const code of spins) {
      const result = await run(spec(code, { timeout_s: 0.25 }));
      assertEquals([result.ended, result.exit_code], ["timeout", 137], `${code} ${result.stderr}`);
      assertLess(result.duration_ms, 1500);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-25] code that takes memory ends, whatever kind of memory", async ({ run }) => {
  const grabs = [
    "const kept = []; for (;;) kept.push({ a: [1, 2, 3], b: kept.length + 'x' })",
    "const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(1))",
    "const memory = new WebAssembly.Memory({ initial: 1 }); for (;;) { memory.grow(200); new Uint8Array(memory.buffer).fill(1); }",
    "const kept = []; for (;;) { try { kept.push(new Uint8Array(1e7).fill(1)); } catch { for (;;) kept.push([...kept]); } }",
    "for (let i = 0; i < 400; i++) new Worker('data:text/javascript,for(;;);', { type: 'module' })",
    "let text = 'x'; for (;;) text += text + Math.random();",
    "const f = () => f() + 1; f()",
  ];
  const gap = await longestGap(async () => {
    for (const code of grabs) {
      const result = await run(spec(code, { memory_mb: 200, timeout_s: 15 }));
      assert(!result.ok, code);
      const caught = result.ended === "exit" && /RangeError|OutOfMemory|stack size/.test(result.stderr);
      assert(caught || result.ended === "memory", `${code}: ${JSON.stringify(result).slice(0, 600)}`);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-26] a flood of output ends at its limit, in any shape", async ({ run }) => {
  const floods = [
    "for (;;) console.log('all work and no play')",
    "const mb = 'x'.repeat(1e6); for (;;) Deno.stdout.writeSync(new TextEncoder().encode(mb))",
    "const bytes = crypto.getRandomValues(new Uint8Array(65536)); for (;;) Deno.stderr.writeSync(bytes)",
    "for (;;) Deno.stdout.writeSync(new Uint8Array(65536))",
    "for (;;) { console.log('a'); console.error('b') }",
  ];
  const gap = await longestGap(async () => {
    for (const code of floods) {
      const result = await run(spec(code, { output_bytes: 1_000_000, timeout_s: 20 }));
      assertEquals([result.ended, result.exit_code], ["output", 137], code);
      assert(result.heard.length <= 1_000_000, `${code} ${result.heard.length}`);
      assert(result.stdout.length <= 32_768 && result.stderr.length <= 32_768);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-27] a disk is filled no further than the limit", async (arena: Arena) => {
  const fills = [
    "const mb = new Uint8Array(1e6).fill(7); for (let i = 0; ; i++) Deno.writeFileSync('big' + i, mb)",
    "const file = Deno.openSync('one', { write: true, create: true }); const mb = new Uint8Array(1e6).fill(7); for (;;) file.writeSync(mb)",
    "const file = Deno.openSync('sparse', { write: true, create: true }); file.truncateSync(1e12); for (;;);",
    "for (let i = 0; ; i++) Deno.writeTextFileSync('f' + i, '')",
    "let path = ''; for (let i = 0; ; i++) { path += 'd/'; try { Deno.mkdirSync(path) } catch { path = 'e' + i + '/'; Deno.mkdirSync(path) } }",
    // Over before the next look of the watchdog.
    "for (let i = 0; i < 1100; i++) Deno.writeTextFileSync('f' + i, '')",
    "const mb = new Uint8Array(1e7).fill(7); for (let i = 0; i < 6; i++) Deno.writeFileSync('big' + i, mb)",
    "let path = ''; for (let i = 0; i < 40; i++) Deno.mkdirSync(path += 'd/')",
    "for (let i = 0; i < 20; i++) { Deno.mkdirSync('x'.repeat(100)); Deno.chdir('x'.repeat(100)); for (let j = 0; j < 60; j++) Deno.writeTextFileSync('f' + j, '') }",
  ];
  const gap = await longestGap(async () => {
    for (const code of fills) {
      const result: Outcome = await arena.run(spec(code, { disk_mb: 50, files: 1000, timeout_s: 10 }));
      assertEquals(result.ended, "disk", `${code}: ${JSON.stringify(result).slice(0, 500)}`);
      assertEquals([...Deno.readDirSync(arena.work)].length, 0, code);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-28] open files, odd exits and deep stacks are the code's own trouble", async ({ run }) => {
  const files = await run("Deno.writeTextFileSync('a', ''); const kept = []; for (;;) kept.push(Deno.openSync('a'))");
  assertEquals(files.ended, "exit");
  assertMatch(files.stderr, /Too many open files/);
  const odd: [string, string, RegExp][] = [
    ["await new Promise(() => {})", "exit 1", /never resolved/],
    ["Promise.reject(new Error('lost'))", "exit 1", /lost/],
    ["await Deno.connect({ transport: 'vsock', cid: 2, port: 1 } as never)", "exit 70", /Unstable API/],
    ["throw 'text'", "exit 1", /Uncaught "text"/],
    ["throw null", "exit 1", /Uncaught null/],
    ["Deno.exit(300)", "exit 44", /^$/],
    ["Deno.kill(Deno.pid, 'SIGKILL')", "exit 137", /^$/],
    ["Deno[Deno.internal].core.ops.op_panic('own')", "exit", /panicked/],
    [
      "throw Object.assign(new Error('x'), { toString() { for (;;); }, get stack() { return 'forged' } })",
      "exit 1",
      /./,
    ],
    ["throw new Proxy({}, { get() { throw 1 } })", "exit 1", /./],
  ];
  for (const [code, end, stderr] of odd) {
    const result = await run(spec(code, { timeout_s: 5 }));
    assertStringIncludes(`${result.ended} ${result.exit_code}`, end, code);
    assertMatch(result.stderr, stderr, code);
  }
});
