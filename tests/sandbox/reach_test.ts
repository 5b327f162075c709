import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { isPublicAddress } from "@/lib/sandbox/public_address.ts";
import { type Target, targetOf } from "@/lib/model/host_name.ts";
import { createReach, nextTarget, type ReachOptions } from "@/lib/sandbox/reach.ts";
import type { FetchOrder } from "@/lib/service/ports.ts";

const OPTIONS: ReachOptions = { ask_net: "any", ask_read: [], private_hosts: [], closed: [] };
const never = new AbortController().signal;
const order = (url: string, more: Partial<FetchOrder> = {}): FetchOrder => ({
  url,
  method: "GET",
  headers: {},
  body: null,
  max_bytes: 1_000,
  allows: () => true,
  ...more,
});

/** A server on loopback under names of its own; `seen` are the requests that came. */
async function site<T>(
  handler: (request: Request) => Response | Promise<Response>,
  run: (at: { port: number; seen: string[]; open(...names: string[]): ReturnType<typeof createReach> }) => Promise<T>,
): Promise<T> {
  const seen: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    seen.push(`${request.method} ${request.headers.get("host")}${new URL(request.url).pathname}`);
    return handler(request);
  });
  const { port } = server.addr as Deno.NetAddr;
  const addresses = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  const open = (...names: string[]) =>
    createReach({ ...OPTIONS, addresses, private_hosts: names.map((name) => `${name}:${port}`) });
  try {
    return await run({ port, seen, open });
  } finally {
    await server.shutdown();
  }
}

Deno.test("[REACH1] loopback, private, link-local, reserved and wrapped addresses are not public", () => {
  const closed = [
    ...["127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"],
    ...["100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1"],
    ...[
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001::1",
      "2001:db8::1",
      "ff02::1",
      "x",
      "",
    ],
  ];
  for (const address of closed) assertEquals(isPublicAddress(address), false, address);
  for (const address of ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111"]) {
    assert(isPublicAddress(address), address);
  }
});

Deno.test("[REACH2] a name that points to a private address is not fetched from, be it one among public ones", () =>
  site(() => new Response("secret"), async ({ port, seen }) => {
    for (const found of [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["169.254.169.254"]]) {
      const addresses = () => Promise.resolve(found.map((address) => ({ address, family: 4 })));
      const reach = createReach({ ...OPTIONS, addresses });
      const error = await assertRejects(() => reach.fetch(order(`http://rebind.example.com:${port}/`), never), Error);
      assertStringIncludes(error.message, "lies on a private address");
    }
    assertEquals(seen, []);
  }));

Deno.test("[REACH3] a host that the operator named may be private; it is the checked address that is connected to", () =>
  site(() => new Response("hello"), async ({ port, seen, open }) => {
    let asked = 0;
    const addresses = () => Promise.resolve([{ address: asked++ === 0 ? "127.0.0.1" : "8.8.8.8", family: 4 }]);
    const reach = createReach({ ...OPTIONS, addresses, private_hosts: [`inside.corp:${port}`] });
    const got = await reach.fetch(order(`http://inside.corp:${port}/x`), never);
    assert(!("wants" in got));
    assertEquals([got.status, new TextDecoder().decode(got.body), asked], [200, "hello", 1]);
    assertEquals(seen, [`GET inside.corp:${port}/x`]);
    assertEquals(open("inside.corp").mayAskHost(`inside.corp:${port}`), null);
  }));

Deno.test("[REACH4] each hop of a redirect is checked: a host that is not allowed is not reached", () =>
  site((request) => {
    const { pathname, port } = new URL(request.url);
    return pathname === "/go" ? Response.redirect(`http://b.corp:${port}/there`, 302) : new Response("there");
  }, async ({ port, seen, open }) => {
    const reach = open("a.corp", "b.corp");
    const allows = (host: string) => host.startsWith("a.corp");
    const url = `http://a.corp:${port}/go`;
    assertEquals(await reach.fetch(order(url, { allows }), never), { wants: `b.corp:${port}` });
    assertEquals(seen, [`GET a.corp:${port}/go`]);
    const got = await reach.fetch(order(url), never);
    assert(!("wants" in got));
    assertEquals([got.url, new TextDecoder().decode(got.body)], [`http://b.corp:${port}/there`, "there"]);
  }));

Deno.test("[REACH5] a redirect to a private address, to another scheme, or in a circle comes to nothing", () =>
  site((request) => {
    const { pathname, port } = new URL(request.url);
    if (pathname === "/circle") return Response.redirect(`http://a.corp:${port}/circle`, 302);
    return Response.redirect(pathname === "/file" ? "file:///etc/passwd" : `http://c.corp:${port}/`, 302);
  }, async ({ port, open, seen }) => {
    const reach = open("a.corp");
    for (const [path, why] of [["/circle", "sent on more than"], ["/file", "not fetched"], ["/x", "private address"]]) {
      const error = await assertRejects(() => reach.fetch(order(`http://a.corp:${port}${path}`), never), Error);
      assertStringIncludes(error.message, why ?? "");
      if (path === "/circle") assertEquals(seen.length, 6, "the request and five redirects");
    }
  }));

Deno.test("[REACH10] a redirect leads from https to https only, and from http to either", () => {
  const from = (url: string) => targetOf(url) as Target;
  const sent = (location: string) => ({ status: 302, headers: { location } });
  assertThrows(() => nextTarget(sent("http://a.org/x"), from("https://a.org/")), Error, "from https to http");
  assertEquals(nextTarget(sent("https://b.org/x"), from("https://a.org/"))?.url.href, "https://b.org/x");
  assertEquals(nextTarget(sent("/y"), from("http://a.org/x"))?.url.href, "http://a.org/y");
  assertEquals(nextTarget(sent("https://a.org/"), from("http://a.org/"))?.what, "a.org");
  assertEquals(nextTarget({ status: 200, headers: { location: "/y" } }, from("http://a.org/")), null);
});

Deno.test("[REACH6] personal headers do not go on to another host; those of the connection are not the caller's", () =>
  site((request) => {
    const { pathname, port } = new URL(request.url);
    if (pathname === "/go") return Response.redirect(`http://b.corp:${port}/there`, 302);
    return Response.json(Object.fromEntries(request.headers));
  }, async ({ port, open }) => {
    const headers = { Authorization: "Bearer x", "X-Own": "1", Host: "evil.corp", "X-Forwarded-For": "1.2.3.4" };
    const got = await open("a.corp", "b.corp").fetch(order(`http://a.corp:${port}/go`, { headers }), never);
    assert(!("wants" in got));
    const told = JSON.parse(new TextDecoder().decode(got.body));
    assertEquals([told["authorization"], told["x-own"], told["host"], told["x-forwarded-for"]], [
      undefined,
      "1",
      `b.corp:${port}`,
      undefined,
    ]);
  }));

Deno.test("[REACH7] an answer over its limit is cut off, and an abort ends the request", () =>
  site((request) => {
    if (new URL(request.url).pathname === "/big") return new Response("x".repeat(5_000));
    return new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(new Response())));
  }, async ({ port, open }) => {
    const reach = open("a.corp");
    const big = await assertRejects(() => reach.fetch(order(`http://a.corp:${port}/big`), never), Error);
    assertStringIncludes(big.message, "over 1000 bytes");
    const stop = new AbortController();
    const hanging = assertRejects(() => reach.fetch(order(`http://a.corp:${port}/hang`), stop.signal), Error, "enough");
    stop.abort(new Error("enough"));
    await hanging;
  }));

Deno.test("[REACH8] the body of a POST is sent once; after a redirect it is a GET without it, but for 307", () =>
  site(async (request) => {
    const { pathname, port } = new URL(request.url);
    if (pathname === "/see") return Response.redirect(`http://a.corp:${port}/end`, 303);
    if (pathname === "/keep") return Response.redirect(`http://a.corp:${port}/end`, 307);
    return new Response(`${request.method} ${await request.text()}`);
  }, async ({ port, open }) => {
    const body = new TextEncoder().encode("data");
    const post = async (path: string) => {
      const got = await open("a.corp").fetch(order(`http://a.corp:${port}${path}`, { method: "POST", body }), never);
      return "wants" in got ? "" : new TextDecoder().decode(got.body);
    };
    assertEquals([await post("/see"), await post("/keep")], ["GET ", "POST data"]);
  }));

Deno.test("[REACH9] a person is asked for hosts and files only as far as the operator lets them be asked", async () => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    Deno.mkdirSync(`${folder}/open`);
    Deno.mkdirSync(`${folder}/data`);
    Deno.writeTextFileSync(`${folder}/open/table.csv`, "a");
    Deno.writeTextFileSync(`${folder}/secret`, "s");
    Deno.symlinkSync(`${folder}/secret`, `${folder}/open/link`);
    const reach = createReach({
      ask_net: ["*.example.com"],
      ask_read: [`${folder}/open`, folder],
      private_hosts: [],
      closed: [`${folder}/data`],
    });
    assertEquals(reach.mayAskHost("a.example.com"), null);
    assert(reach.mayAskHost("a.example.org") !== null);
    assertEquals(await reach.mayAskPath(`${folder}/open/table.csv`), null);
    for (
      const path of [
        `${folder}/open/link`,
        `${folder}/data`,
        `${folder}/open/../secret`,
        `${folder}/none`,
        "/etc/passwd",
        "open",
        folder,
      ]
    ) {
      assert(await reach.mayAskPath(path) !== null, path);
    }
    const none = createReach({ ...OPTIONS, ask_net: [] });
    assert(none.mayAskHost("a.example.com") !== null);
    assert(await none.mayAskPath(`${folder}/open/table.csv`) !== null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
