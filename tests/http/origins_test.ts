import { assert, assertEquals, assertFalse } from "@std/assert";
import { createOrigins } from "@/lib/http/origins.ts";

Deno.test("[HTTP20] on loopback the three names with the port are one place", () => {
  const origins = createOrigins({ public_url: null, origins: [], host: "127.0.0.1", port: 8000 });
  assertEquals(origins.own, "http://127.0.0.1:8000");
  for (const name of ["localhost", "127.0.0.1", "[::1]"]) {
    assert(origins.isOwnHost(`${name}:8000`), name);
    assert(origins.allows(`http://${name}:8000`), name);
    assertFalse(origins.isOwnHost(`${name}:8001`));
    assertFalse(origins.allows(`https://${name}:8000`));
  }
  assertFalse(origins.isOwnHost("127.0.0.1"));
  assertFalse(origins.isOwnHost("127.0.0.2:8000"));
});

Deno.test("[HTTP21] behind a proxy the public address and the one that is listened at are hosts, only the first an origin", () => {
  const origins = createOrigins({
    public_url: "https://holdfast.example",
    origins: ["https://tool.example"],
    host: "127.0.0.1",
    port: 8000,
  });
  assertEquals(origins.own, "https://holdfast.example");
  for (const host of ["holdfast.example", "HOLDFAST.example:443", "localhost:8000"]) {
    assert(origins.isOwnHost(host), host);
  }
  for (const host of ["holdfast.example:8000", "evil.holdfast.example", "tool.example", "localhost"]) {
    assertFalse(origins.isOwnHost(host), host);
  }
  assert(origins.allows("https://holdfast.example"));
  assert(origins.allows("https://tool.example"));
  assertFalse(origins.allows("http://holdfast.example"));
  assertFalse(origins.allows("http://localhost:8000"));
  assert(origins.isListed("https://tool.example"));
  assertFalse(origins.isListed("https://holdfast.example"));
});

Deno.test("[HTTP22] an IPv6 address and default ports are understood", () => {
  const v6 = createOrigins({ public_url: null, origins: [], host: "::1", port: 8000 });
  assert(v6.isOwnHost("[::1]:8000"));
  assert(v6.isOwnHost("localhost:8000"));
  const plain = createOrigins({ public_url: null, origins: [], host: "localhost", port: 80 });
  assert(plain.isOwnHost("localhost"));
  assert(plain.isOwnHost("localhost:80"));
  assert(plain.allows("http://localhost"));
});
