// Blocks of code as the service sees them: order, results, ends, what is around them.
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { type Bench, withExecutor } from "./executor_support.ts";
import { clock, collector, processesNaming, PROJECT, spec, until } from "./support.ts";

const never = new AbortController().signal;
const MODULES = `file://${PROJECT}/tests/sandbox/fixtures/modules`;

Deno.test("[SBX-EXEC-1] a result says what the code printed, wrote and returned", () =>
  withExecutor(async ({ run, work }) => {
    const result = await run(
      "console.log('out'); console.error('err'); Deno.writeTextFileSync('a.txt', 'x'); Deno.exit(3)",
    );
    const { ok, ended, exit_code, stdout, stderr, files, value } = result;
    const wanted = {
      ok: false,
      ended: "exit",
      exit_code: 3,
      stdout: "out\n",
      stderr: "err\n",
      files: ["a.txt"],
      value: null,
    };
    assertEquals<unknown>({ ok, ended, exit_code, stdout, stderr, files, value }, wanted);
    assertGreater(result.duration_ms, 0);
    assertEquals(Deno.readTextFileSync(`${work}/a.txt`), "x");
    assertEquals(result.lines.length, 2);
  }));

Deno.test("[SBX-EXEC-2] blocks run one at a time in the order of asking", () =>
  withExecutor(async ({ run }) => {
    const code = (n: number) => `
      const old = await Deno.readTextFile("order").catch(() => "");
      await new Promise((resolve) => setTimeout(resolve, ${30 - n * 10}));
      await Deno.writeTextFile("order", old + ${n});
      console.log(old);`;
    const results = await Promise.all([run(code(0)), run(code(1)), run(code(2))]);
    assertEquals(results.map((result) => result.stdout.trim()), ["", "0", "01"]);
  }));

Deno.test("[SBX-EXEC-3] the next process is started while a block runs, and used", () =>
  withExecutor(async ({ run, work }) => {
    await run("1");
    const [ahead, ...more] = processesNaming(work);
    assertEquals(more, []);
    const result = await run("console.log(Deno.pid)");
    assertEquals(result.stdout.trim(), String(ahead));
    assertFalse(processesNaming(work).includes(ahead ?? 0));
  }));

Deno.test("[SBX-EXEC-23] the process of the first block is started ahead and used, also by a block that is given less time", () =>
  withExecutor(async ({ executor, work, run }) => {
    const first = spec("console.log(Deno.pid)");
    executor.ahead({ ...first.limits, cpu_s: first.limits.cpu_s + 100 });
    executor.ahead(first.limits);
    await until(() => processesNaming(work).length > 0, 5000, "the process started ahead");
    const [ahead, ...more] = processesNaming(work);
    assertEquals(more, [], "one, however often it is asked for");
    assertEquals((await run(first)).stdout.trim(), String(ahead));
  }));

Deno.test("[SBX-EXEC-24] a process that was started ahead for nothing goes with its executor", () =>
  withExecutor(async ({ executor, work }) => {
    executor.ahead(spec("").limits);
    await until(() => processesNaming(work).length > 0, 5000, "the process started ahead");
    await executor.close();
    assertEquals(processesNaming(work), []);
  }));

Deno.test("[SBX-EXEC-4] a process that does not fit is thrown away: other limits, or its folder was replaced", () =>
  withExecutor(async ({ run, work }) => {
    await run("1");
    const [first] = processesNaming(work);
    const other = await run(spec("console.log(Deno.pid)", { disk_mb: 50 }));
    assertNotEquals(other.stdout.trim(), String(first));
    const removed = await run(spec("Deno.removeSync(Deno.cwd(), { recursive: true })", { disk_mb: 50 }));
    assert(removed.ok);
    assert(Deno.lstatSync(work).isDirectory);
    const after = await run(spec("console.log(Deno.cwd()); Deno.writeTextFileSync('b', '')", { disk_mb: 50 }));
    assertEquals([after.stdout.trim(), after.files], [work, ["b"]]);
  }));

Deno.test("[SBX-EXEC-5] an abort kills the tree, then rejects with its reason", () =>
  withExecutor(async ({ executor, work }) => {
    const abort = new AbortController();
    const heard = collector();
    const running = executor.run(spec("console.log(Deno.pid); for (;;);"), heard.sink, abort.signal);
    await until(() => heard.lines.length > 0, 5000, "the first line");
    const pid = Number(heard.lines[0]?.message);
    const since = performance.now();
    abort.abort(new Error("cancelled"));
    await assertRejects(() => running, Error, "cancelled");
    assertLess(performance.now() - since, 10_000);
    assertFalse(processesNaming(work).includes(pid));
  }));

Deno.test("[SBX-EXEC-6] a sink that fails ends the block with its own error", () =>
  withExecutor(async ({ executor }) => {
    const sink = () => Promise.reject(new Error("fenced"));
    await assertRejects(() => executor.run(spec("console.log(1); for (;;);"), sink, never), Error, "fenced");
  }));

Deno.test("[SBX-EXEC-7] while the sink is busy the code waits", () =>
  withExecutor(async ({ executor }) => {
    const gate = Promise.withResolvers<void>();
    let bytes = 0;
    const abort = new AbortController();
    const flood =
      "const line = 'x'.repeat(99) + '\\n'; for (;;) Deno.stdout.writeSync(new TextEncoder().encode(line.repeat(100)))";
    const running = executor.run(spec(flood, { output_bytes: 1e12 }), (lines) => {
      bytes += lines.reduce((sum, line) => sum + line.message.length, 0);
      return gate.promise;
    }, abort.signal);
    await until(() => bytes > 0, 5000, "the first lines");
    const first = bytes;
    await clock.sleep(200);
    assertEquals(bytes, first);
    abort.abort(new Error("enough")); // the sink is still stuck
    await assertRejects(() => running, Error, "enough");
    gate.resolve();
  }));

Deno.test("[SBX-EXEC-8] the last 32 KB of each stream stand in the result, all of it went to the sink", () =>
  withExecutor(async ({ run }) => {
    const result = await run("for (let i = 0; i < 10_000; i++) console.log('line €' + i)");
    assertLess(new TextEncoder().encode(result.stdout).length, 32_769);
    assertGreater(new TextEncoder().encode(result.stdout).length, 32_700);
    assert(result.stdout.endsWith("line €9999\n"));
    assertFalse(result.stdout.includes("\ufffd"));
    assertEquals(result.lines.length, 10_000);
  }));

Deno.test("[SBX-EXEC-9] ends are named by what ended the code", () =>
  withExecutor(async ({ run }) => {
    const ends: [string, Partial<Parameters<typeof spec>[1]>, string, RegExp][] = [
      ["throw new Error('no')", {}, "exit 1", /^$/],
      ["Promise.reject(new Error('late'))", {}, "exit 1", /^$/],
      ["setTimeout(() => { throw new Error('later') }, 10)", {}, "exit 1", /^$/],
      ["await new Promise(() => {})", {}, "exit 1", /^$/],
      ["Deno.readTextFileSync('/etc/hostname')", {}, "denied 77", /read "\/etc\/hostname"/],
      ["setTimeout(() => fetch('http://127.0.0.1:8080'), 10)", {}, "denied 77", /net "127.0.0.1:8080"/],
      ["for (;;);", { timeout_s: 0.3 }, "timeout 137", /longer than 0.3 s/],
      ["for (;;);", { cpu_s: 1 }, "timeout 137", /1 s of processor time/],
      ["for (;;) console.log('x'.repeat(1000))", { output_bytes: 100_000 }, "output 137", /more output/],
    ];
    for (const [code, limits, end, message] of ends) {
      const result = await run(spec(code, limits));
      assertEquals(`${result.ended} ${result.exit_code}`, end, code);
      assert(message.test(result.message ?? ""), `${code}: ${result.message}`);
      assertFalse(result.ok);
    }
  }));

Deno.test("[SBX-EXEC-10] output ends at its limit, where a line counts 32 bytes beside its text: empty ones too", () =>
  withExecutor(async ({ run }) => {
    const long = await run(spec("for (;;) console.log('x'.repeat(999))", { output_bytes: 50_000 }));
    assertEquals([long.ended, long.lines.length], ["output", Math.floor(50_000 / (999 + 32))]);
    const empty = await run(spec("for (;;) console.log()", { output_bytes: 50_000 }));
    assertEquals([empty.ended, empty.lines.length], ["output", Math.floor(50_000 / 32)]);
  }));

Deno.test("[SBX-EXEC-22] a result names the first files that were made, and no more than a report can hold", () =>
  withExecutor(async ({ run }) => {
    const many = await run("for (let i = 0; i < 1000; i++) Deno.writeTextFileSync(`f${1000 + i}`, '')");
    assertEquals([many.ok, many.files.length, many.files[0]], [true, 200, "f1000"]);
    const long = await run("for (let i = 0; i < 150; i++) Deno.writeTextFileSync('n'.repeat(200) + i, '')");
    assertEquals([long.ok, long.files.length], [true, 98]);
  }));

Deno.test("[SBX-EXEC-11] input files are written first, over files only", () =>
  withExecutor(async ({ run, work }) => {
    const code = "console.log(Deno.readTextFileSync('in/data.json'))";
    const first = await run(spec({ code, language: "ts", files: { "in/data.json": "[1]" } }));
    assertEquals(first.stdout, "[1]\n");
    assertEquals(first.files, []);
    const second = await run(spec({ code, language: "ts", files: { "in/data.json": "[2]" } }));
    assertEquals(second.stdout, "[2]\n");
    for (const name of ["../out", "/etc/x", "a/../../x", ".holdfast/x", "in", "a\nb", ""]) {
      const refused = await run(spec({ code, language: "ts", files: { [name]: "x" } }));
      assertEquals([refused.ok, refused.ended], [false, "denied"], JSON.stringify(name));
      assertStringIncludes(refused.message ?? "", "Cannot");
    }
    assertEquals([...Deno.readDirSync(`${work}/..`)].length, 1);
  }));

Deno.test("[SBX-EXEC-12] a folder with a link is refused, and the link is not followed", () =>
  withExecutor(async ({ run, work, data_dir }) => {
    await run("1");
    Deno.writeTextFileSync(`${data_dir}/secret`, "canary");
    Deno.symlinkSync(`${data_dir}/secret`, `${work}/link`);
    const refused = await run("console.log(Deno.readTextFileSync('link'))");
    assertEquals([refused.ok, refused.ended, refused.stdout], [false, "denied", ""]);
    assertStringIncludes(refused.message ?? "", '"link"');
    const written = await run(spec({ code: "1", language: "ts", files: { link: "overwritten" } }));
    assertFalse(written.ok);
    assertEquals(Deno.readTextFileSync(`${data_dir}/secret`), "canary");
  }));

Deno.test("[SBX-EXEC-13] a module gets its input and returns its value", () =>
  withExecutor(async ({ run, work }) => {
    const done = await run(spec({ module: `${MODULES}/double.ts`, input: { n: 21 } }));
    assertEquals([done.ok, done.value, done.files], [true, { doubled: 42 }, []], done.stderr);
    const again = await run(spec({ module: `${MODULES}/double.ts`, input: { n: 1 } }));
    assertEquals(again.value, { doubled: 2 });
    for (
      const url of ["file:///etc/hostname", `${MODULES}/../flow.ts`, `${MODULES}/none.ts`, "data:text/javascript,1"]
    ) {
      const refused = await run(spec({ module: url }));
      assertEquals([refused.ok, refused.ended], [false, "denied"], url);
    }
    assertEquals([...Deno.readDirSync(work)].map((entry) => entry.name), []);
  }));

Deno.test("[SBX-EXEC-14] JavaScript runs as a module whatever package.json the folder holds", () =>
  withExecutor(async ({ run }) => {
    await run("Deno.writeTextFileSync('package.json', '{\"type\":\"commonjs\"}')");
    const result = await run(
      spec({ code: "console.log(typeof require, import.meta.url.slice(0, 5))", language: "js" }),
    );
    assertEquals(result.stdout, "undefined file:\n");
  }));

Deno.test("[SBX-EXEC-15] a grant opens its folder and nothing else; the server's own folders and hosts are never granted", () =>
  withExecutor(async ({ run, data_dir }) => {
    const granted = Deno.realPathSync(Deno.makeTempDirSync());
    try {
      Deno.writeTextFileSync(`${granted}/table.csv`, "a,b");
      const read = (path: string, grants: { read: string[] }) =>
        run(spec(`console.log(Deno.readTextFileSync(${JSON.stringify(path)}))`, { grants }));
      assertEquals((await read(`${granted}/table.csv`, { read: [granted] })).stdout, "a,b\n");
      assertEquals((await read(`${granted}/table.csv`, { read: [] })).ended, "denied");
      for (const wide of ["/", data_dir, `${data_dir}/sessions`, PROJECT, "/proc", "relative"]) {
        const result = await read(`${granted}/table.csv`, { read: [wide] });
        assertEquals(result.ended, "denied", wide);
        assertStringIncludes(result.message ?? "", `Cannot grant reading "${wide}"`);
      }
      const write = await run(
        spec(`Deno.writeTextFileSync("${granted}/new", "")`, { grants: { read: [granted] } }),
      );
      assertEquals(write.ended, "denied");
    } finally {
      await Deno.remove(granted, { recursive: true });
    }
  }));

Deno.test("[SBX-EXEC-16] the host's own folder is not listed, and what code hides there is gone afterwards", () =>
  withExecutor(async ({ run, work }) => {
    const result = await run("Deno.writeTextFileSync('.holdfast/hidden', 'x'); Deno.writeTextFileSync('seen', 'x')");
    assertEquals(result.files, ["seen"]);
    assertEquals([...Deno.readDirSync(work)].map((entry) => entry.name), ["seen"]);
  }));

Deno.test("[SBX-EXEC-17] close kills what runs and refuses what comes", () =>
  withExecutor(async ({ executor, work }) => {
    const heard = collector();
    const running = assertRejects(
      () => executor.run(spec("console.log(1); for (;;);"), heard.sink, never),
      Error,
      "closed",
    );
    await until(() => heard.lines.length > 0, 5000, "the first line");
    await executor.close();
    await running;
    await assertRejects(() => executor.run(spec("1"), heard.sink, never), Error, "closed");
    assertEquals(processesNaming(work), []);
  }));

Deno.test("[SBX-EXEC-18] the curated packages work, with their tables", () =>
  withExecutor(async ({ run }) => {
    const code = `
      import * as echarts from "echarts";
      import { z } from "zod";
      import { mean } from "simple-statistics";
      const url = new URL("../data/airports.csv", import.meta.resolve("vega-datasets")).href;
      const { default: table } = await import(url, { with: { type: "text" } });
      const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 200, height: 100 });
      chart.setOption({ xAxis: { data: ["a"] }, yAxis: {}, series: [{ type: "bar", data: [1] }] });
      Deno.writeTextFileSync("chart.svg", chart.renderToSVGString());
      chart.dispose(); // its timer would keep the process
      console.log(mean(z.array(z.number()).parse([1, 2, 3])), table.split("\\n").length > 3000);`;
    const result = await run(code);
    assertEquals([result.ok, result.stdout, result.files], [true, "2 true\n", ["chart.svg"]], result.stderr);
  }));

async function diskEnds({ run, work }: Bench): Promise<void> {
  await run("Deno.mkdirSync('keep'); Deno.writeTextFileSync('keep/old', 'x')");
  const cases: [string, string, number?][] = [
    // A fast disk takes hundreds of these between two looks: only bytes may run out here.
    ["const mb = new Uint8Array(1e6).fill(7); for (let i = 0; ; i++) Deno.writeFileSync('big' + i, mb)", "MB", 1e6],
    [
      "const f = Deno.openSync('one', { write: true, create: true }); const mb = new Uint8Array(1e6).fill(7); for (;;) f.writeSync(mb)",
      "",
    ],
    ["const f = Deno.openSync('sparse', { write: true, create: true }); f.truncateSync(1e12); for (;;);", ""],
    ["for (let i = 0; ; i++) Deno.writeTextFileSync('keep/f' + i, '')", "more than"],
    ["for (let i = 0, d = 'd'; i < 40; i++, d += '/d') Deno.mkdirSync(d); for (;;);", "deep"],
  ];
  for (const [code, message, files = 300] of cases) {
    const result = await run(spec(code, { disk_mb: 30, files, timeout_s: 100 }));
    assertEquals(result.ended, "disk", `${code}: ${JSON.stringify({ ...result, lines: [] })}`);
    assertStringIncludes(result.message ?? "", message);
    assertEquals([...Deno.readDirSync(work)].map((entry) => entry.name), ["keep"], code);
    assertEquals([...Deno.readDirSync(`${work}/keep`)].map((entry) => entry.name), ["old"], code);
  }
}
Deno.test("[SBX-EXEC-19] disk is bounded in bytes, files and depth, and what broke it is removed", () =>
  withExecutor(diskEnds));

Deno.test("[SBX-EXEC-20] memory is bounded: heap and buffers", () =>
  withExecutor(async ({ run }) => {
    const heap = await run(
      spec("const kept = []; for (;;) kept.push({ a: [1, 2, 3], b: 'x' + kept.length })", { memory_mb: 200 }),
    );
    assertEquals(heap.ended, "memory");
    const buffers = await run(
      spec("const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(1))", { memory_mb: 200 }),
    );
    assert(buffers.ended === "memory" || /RangeError/.test(buffers.stderr), JSON.stringify(buffers).slice(0, 500));
    assertFalse(buffers.ok);
  }));

for (const isolation of ["plain", "bwrap"] as const) {
  Deno.test(`[SBX-EXEC-21] blocks work the same at level ${isolation}`, () =>
    withExecutor(async ({ executor, run, data_dir }) => {
      const done = await run(
        "console.log('now'); setTimeout(() => console.log('later'), 50); Deno.writeTextFileSync('a', '')",
      );
      assertEquals([done.ok, done.stdout, done.files], [true, "now\nlater\n", ["a"]], done.stderr);
      assertEquals((await run("Deno.readTextFileSync('/etc/hostname')")).ended, "denied");
      const abort = new AbortController();
      const running = executor.run(
        spec("console.log(1); for (;;);"),
        () => abort.abort(new Error("enough")),
        abort.signal,
      );
      await assertRejects(() => running, Error, "enough");
      await executor.close();
      assertEquals(processesNaming(data_dir), []);
    }, { isolation }));
}
