// Code that fetches through the server: the process itself has no network, whatever was granted.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BridgeOrder, BridgeReply } from "@/lib/service/ports.ts";
import { Bridge } from "@/lib/sandbox/bridge.ts";
import { withExecutor } from "./executor_support.ts";
import { spec } from "./support.ts";

const text = (body: string, more: Partial<{ status: number; url: string }> = {}): BridgeReply => ({
  status: 200,
  url: "https://api.example.com/",
  headers: { "content-type": "text/plain" },
  body: new TextEncoder().encode(body).toBase64(),
  ...more,
});

Deno.test("[SBX-NET-1] code that fetches without a grant is denied, and names the host that it wants", () =>
  withExecutor(async ({ run }) => {
    const result = await run(spec("await fetch('https://api.example.com/x')"));
    assertEquals([result.ended, result.wants], ["denied", { kind: "net", what: "api.example.com" }]);
    const plain = await run(spec("await fetch('http://api.example.com/x')"));
    assertEquals(plain.wants, { kind: "net", what: "api.example.com:80" });
    const read = await run(spec("Deno.readTextFileSync('/srv/data/table.csv')"));
    assertEquals([read.ended, read.wants], ["denied", { kind: "read", what: "/srv/data/table.csv" }]);
    const caught = await run(spec("try { await fetch('https://api.example.com') } catch { console.log('caught') }"));
    assertEquals([caught.ended, caught.wants, caught.stdout], ["exit", undefined, "caught\n"]);
  }));

Deno.test("[SBX-NET-2] with a grant its fetch goes to the server: methods, bodies, several at once, large answers", () =>
  withExecutor(async ({ run }) => {
    const orders: BridgeOrder[] = [];
    const bridge = (order: BridgeOrder) => {
      orders.push(order);
      return Promise.resolve(text(order.url.endsWith("/big") ? "x".repeat(3_000_000) : `${order.method} ${order.url}`));
    };
    const code = `
      const one = await fetch("https://api.example.com/a?b=1", { headers: { "X-Own": "1" } });
      console.log(one.status, one.url, one.headers.get("content-type"), await one.text());
      const both = await Promise.all(["b", "c"].map((p) => fetch(new URL(p, "https://api.example.com/"))));
      console.log((await Promise.all(both.map((r) => r.text()))).join(" "));
      const sent = await fetch("https://api.example.com/p", { method: "POST", body: "data" });
      console.log(await sent.text());
      console.log((await (await fetch("https://api.example.com/big")).text()).length);
    `;
    const result = await run(spec(code, { bridge }));
    assertEquals(result.stdout.split("\n"), [
      "200 https://api.example.com/ text/plain GET https://api.example.com/a?b=1",
      "GET https://api.example.com/b GET https://api.example.com/c",
      "POST https://api.example.com/p",
      "3000000",
      "",
    ]);
    assertEquals([result.ended, result.stderr], ["exit", ""]);
    assertEquals(orders[0]?.headers["x-own"], "1");
    assertEquals(new TextDecoder().decode(Uint8Array.fromBase64(orders[3]?.body ?? "")), "data");
  }));

Deno.test("[SBX-NET-3] a host that was not granted is denied as ever, and everything else of the network stays shut", () =>
  withExecutor(async ({ run }) => {
    const bridge = (order: BridgeOrder) => Promise.resolve<BridgeReply>({ denied: new URL(order.url).hostname });
    const other = await run(spec("await fetch('https://other.example.com/')", { bridge }));
    assertEquals([other.ended, other.wants], ["denied", { kind: "net", what: "other.example.com" }]);
    for (
      const code of [
        "await Deno.connect({ hostname: 'api.example.com', port: 443 })",
        "Deno.listen({ port: 0 })",
        "new WebSocket('wss://api.example.com')",
        "await Deno.resolveDns('api.example.com', 'A')",
        "await import('https://api.example.com/x.ts')",
        "await Deno.connect({ transport: 'unix', path: '/tmp/x' })",
      ]
    ) {
      const result = await run(spec(code, { bridge }));
      assert(!result.ok, code);
    }
    const failed = await run(spec("await fetch('https://a.example.com/')", {
      bridge: () => Promise.resolve<BridgeReply>({ error: "Cannot reach a.example.com" }),
    }));
    assertEquals(failed.ended, "exit");
    assertStringIncludes(failed.stderr, "Cannot reach a.example.com");
  }));

Deno.test("[SBX-NET-4] what looks like a frame and has no nonce is output; a flood of frames ends the block", () =>
  withExecutor(async ({ run }) => {
    const urls: string[] = [];
    const bridge = (order: BridgeOrder) => {
      urls.push(order.url);
      return new Promise<BridgeReply>((resolve) => setTimeout(() => resolve(text("late")), 20));
    };
    const guess = await run(
      spec(`console.log("\\n\\x1enonce{}\\n"); await fetch("https://a.example.com/")`, { bridge }),
    );
    assertEquals([guess.ended, urls], ["exit", ["https://a.example.com/"]]);
    assertEquals(guess.stdout.includes("nonce{}"), true, "without the nonce it is output");
  }));

Deno.test("[SBX-NET-6] more requests at once than are held for a block end it; one that does not fit is an error to the code", async () => {
  const told: string[] = [];
  const bridge = new Bridge(() => new Promise<BridgeReply>(() => {}), {
    answer: () => Promise.resolve(),
    flooded: (message) => void told.push(message),
  });
  for (let n = 0; n < 200; n++) bridge.take("{}");
  assertEquals(told.length, 1);
  const answers: string[] = [];
  const strict = new Bridge(() => Promise.resolve(text("never")), {
    answer: (line) => Promise.resolve(void answers.push(line)),
    flooded: () => {},
  });
  for (const json of ["nonsense", '{"url":"x"}', '{"url":"x","method":"get","headers":{}}']) strict.take(json);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(answers.map((line) => Object.keys(JSON.parse(line))), [["error"], ["error"], ["error"]]);
});

Deno.test("[SBX-NET-5] a block that is given up gives its requests up; code that reads stdin does not hang", () =>
  withExecutor(async ({ run }) => {
    let aborted = false;
    const bridge = (_order: BridgeOrder, signal: AbortSignal) =>
      new Promise<BridgeReply>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        });
      });
    const result = await run(spec("await fetch('https://a.example.com/')", { bridge, timeout_s: 1 }));
    assertEquals([result.ended, aborted], ["timeout", true]);
    const idle = await run(spec("console.log('done')", { bridge }));
    assertEquals([idle.ended, idle.stdout], ["exit", "done\n"]);
    const reads = await run(spec("console.log(await Deno.stdin.read(new Uint8Array(9)) === null)"));
    assertEquals(reads.stdout, "true\n");
  }));
