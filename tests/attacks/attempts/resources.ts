// Tries to use up the machine: attack table, resources. Each is a block of its own that never comes to an end by itself.
import type { Block } from "./attempt.ts";

/** Spin in every way; end by the clock. */
export const SPINS: readonly string[] = [
  "for (;;);",
  "/^(a+)+$/.test('a'.repeat(40) + 'b')",
  "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
  "setInterval(() => {}, 1000)",
  "Deno.addSignalListener('SIGTERM', () => {}); Deno.addSignalListener('SIGINT', () => {}); setInterval(() => {}, 9)",
  "const again = () => Promise.resolve().then(again); again()",
  "await Deno.stdin.read(new Uint8Array(1)); for (;;);",
  "Deno.kill(Deno.pid, 'SIGSTOP')",
];

/** Take memory of every kind; end by the limit, or by an error that the code itself gets. */
export const GRABS: readonly string[] = [
  "const kept = []; for (;;) kept.push({ a: [1, 2, 3], b: kept.length + 'x' })",
  "const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(1))",
  "const memory = new WebAssembly.Memory({ initial: 1 }); for (;;) { memory.grow(200); new Uint8Array(memory.buffer).fill(1); }",
  "const kept = []; for (;;) { try { kept.push(new Uint8Array(1e7).fill(1)); } catch { for (;;) kept.push([...kept]); } }",
  "for (let i = 0; i < 400; i++) new Worker('data:text/javascript,for(;;);', { type: 'module' })",
  "let text = 'x'; for (;;) text += text + Math.random();",
  "const f = () => f() + 1; f()",
];
/** What code gets to hear that asks for more memory than there is. */
export const OWN_MEMORY_ERROR = /RangeError|OutOfMemory|stack size/;

/** Write without end, in every shape. */
export const FLOODS: readonly string[] = [
  "for (;;) console.log('all work and no play')",
  "for (;;) console.log()",
  "const mb = 'x'.repeat(1e6); for (;;) Deno.stdout.writeSync(new TextEncoder().encode(mb))",
  "const bytes = crypto.getRandomValues(new Uint8Array(65536)); for (;;) Deno.stderr.writeSync(bytes)",
  "for (;;) Deno.stdout.writeSync(new Uint8Array(65536))",
  "for (;;) { console.log('a'); console.error('b') }",
];

/** Fill the folder beyond `files` entries or `disk_mb`. */
export const fills = ({ files, disk_mb }: { files: number; disk_mb: number }): string[] => [
  "const mb = new Uint8Array(1e6).fill(7); for (let i = 0; ; i++) Deno.writeFileSync('big' + i, mb)",
  "const file = Deno.openSync('one', { write: true, create: true }); const mb = new Uint8Array(1e6).fill(7); for (;;) file.writeSync(mb)",
  "const file = Deno.openSync('sparse', { write: true, create: true }); file.truncateSync(1e12); for (;;);",
  "for (let i = 0; ; i++) Deno.writeTextFileSync('f' + i, '')",
  "let path = ''; for (let i = 0; ; i++) { path += 'd/'; try { Deno.mkdirSync(path) } catch { path = 'e' + i + '/'; Deno.mkdirSync(path) } }",
  // Over before the next look of the watchdog.
  `for (let i = 0; i < ${files + 100}; i++) Deno.writeTextFileSync('f' + i, '')`,
  `const mb = new Uint8Array(1e7).fill(7); for (let i = 0; i < ${
    disk_mb / 10 + 1
  }; i++) Deno.writeFileSync('big' + i, mb)`,
  "let path = ''; for (let i = 0; i < 40; i++) Deno.mkdirSync(path += 'd/')",
  `for (let i = 0; i < 20; i++) { Deno.mkdirSync('x'.repeat(100)); Deno.chdir('x'.repeat(100)); for (let j = 0; j < ${
    files / 20 + 10
  }; j++) Deno.writeTextFileSync('f' + j, '') }`,
];

/** Ends that are the code's own trouble: how the process ends, what it says, and what a person reads of it. */
export const ODD_ENDS: readonly (Block & { readonly exit: string; readonly stderr: RegExp })[] = [
  {
    code: "Deno.writeTextFileSync('a', ''); const kept = []; for (;;) kept.push(Deno.openSync('a'))",
    exit: "exit 1",
    stderr: /Too many open files/,
    ends: /Too many open files/,
  },
  { code: "await new Promise(() => {})", exit: "exit 1", stderr: /never resolved/, ends: /never resolved/ },
  { code: "Promise.reject(new Error('lost'))", exit: "exit 1", stderr: /lost/, ends: /lost/ },
  {
    code: "await Deno.connect({ transport: 'vsock', cid: 2, port: 1 } as never)",
    exit: "exit 70",
    stderr: /Unstable API/,
    ends: /Unstable API/,
  },
  { code: "throw 'text'", exit: "exit 1", stderr: /Uncaught "text"/, ends: /Uncaught "text"/ },
  { code: "throw null", exit: "exit 1", stderr: /Uncaught null/, ends: /Uncaught null/ },
  { code: "Deno.exit(300)", exit: "exit 44", stderr: /^$/, ends: /exit code 44/ },
  { code: "Deno.kill(Deno.pid, 'SIGKILL')", exit: "exit 137", stderr: /^$/, ends: /killed.*SIGKILL/ },
  { code: "Deno.kill(Deno.pid, 'SIGABRT'); for (;;);", exit: "exit 134", stderr: /^$/, ends: /killed.*SIGABRT/ },
  {
    code: "Deno[Deno.internal].core.ops.op_panic('own')",
    exit: "exit",
    stderr: /panicked/,
    ends: /panicked|SIGABRT|SIGILL|SIGTRAP/,
  },
  {
    code: "throw Object.assign(new Error('x'), { toString() { for (;;); }, get stack() { return 'forged' } })",
    exit: "exit 1",
    stderr: /./,
    ends: /exit code 1/,
  },
  { code: "throw new Proxy({}, { get() { throw 1 } })", exit: "exit 1", stderr: /./, ends: /exit code 1/ },
  // A code that means something else to the host, given by the code itself.
  { code: "Deno.exit(77)", exit: "denied 77", stderr: /^$/, ends: /a right that it does not have/ },
];
