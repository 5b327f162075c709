import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { covers, hostWritten, notAskable, targetOf, warningOf } from "@/lib/model/host_name.ts";

const hostOf = (url: string) => {
  const target = targetOf(url);
  return typeof target === "string" ? target : target.what;
};

Deno.test("[HOST1] a host is what the URL parser makes of it, whatever it is dressed up as", () => {
  assertEquals(hostOf("https://API.Example.com/x#y"), "api.example.com");
  assertEquals(hostOf("https://api.example.com./"), "api.example.com");
  assertEquals(hostOf("http://api.example.com/"), "api.example.com:80");
  assertEquals(hostOf("https://api.example.com:8443/"), "api.example.com:8443");
  assertEquals(hostOf("https://bücher.example.com/"), "xn--bcher-kva.example.com");
  assertEquals(hostOf("https://аpple.com/"), "xn--pple-43d.com");
  assertEquals(hostOf("https://2130706433/"), "127.0.0.1");
  assertEquals(hostOf("https://0x7f.1/"), "127.0.0.1");
  for (
    const url of [
      "ftp://example.com",
      "file:///etc/passwd",
      "data:,x",
      "https://good.com@evil.com/",
      "nonsense",
      "https://:x@h.com",
    ]
  ) {
    assertEquals(typeof targetOf(url), "string", url);
  }
});

Deno.test("[HOST2] nobody is asked about addresses, single words, private ends or ports that are not the web's", () => {
  for (const host of ["api.example.com", "api.example.com:80", "xn--pple-43d.com", "a_b.example.org"]) {
    assertEquals(notAskable(host), null, host);
  }
  const closed = [
    ...[
      "127.0.0.1",
      "169.254.169.254:80",
      "[::1]",
      "[::ffff:127.0.0.1]:80",
      "1.1.1.1",
      "10.1",
      "localhost",
      "intranet",
    ],
    ...["db.local", "metadata.google.internal", "x.localhost", "a.test", "host.lan", "10.0.0.1.in-addr.arpa"],
    ...["api.example.com:22", "api.example.com:6379", "", "a..com", "-a.com", "a b.com", `${"a".repeat(64)}.com`],
  ];
  for (const host of closed) assert(notAskable(host) !== null, host);
});

Deno.test("[HOST3] a grant covers its own host: a name both ports of the web, a port only itself, a star names below", () => {
  assert(covers("example.com", "example.com"));
  assert(covers("example.com", "example.com:80"));
  assert(covers("Example.com:8443", "example.com:8443"));
  assert(covers("*.example.com", "a.example.com"));
  const not = [
    ["example.com", "evil-example.com"],
    ["example.com", "example.com.evil.net"],
    ["example.com", "example.com:8443"],
    ["example.com:8443", "example.com"],
    ["*.example.com", "example.com"],
    ["*.example.com", "evilexample.com"],
    ["*", "example.com"],
    ["*.", "example.com"],
    ["", ""],
  ] as const;
  for (const [grant, host] of not) assertEquals(covers(grant, host), false, `${grant} ${host}`);
});

Deno.test("[HOST4] people are told of letters that look like others and of connections in the clear", () => {
  assertStringIncludes(warningOf("xn--pple-43d.com") ?? "", "look like another host");
  assertStringIncludes(warningOf("example.com:80") ?? "", "not encrypted");
  assertEquals([warningOf("example.com"), hostWritten("a.com", 443), hostWritten("a.com", 80)], [
    null,
    "a.com",
    "a.com:80",
  ]);
});
