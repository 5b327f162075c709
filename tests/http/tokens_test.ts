// The paths of tokens: what they take, what they never say.
import { assert, assertEquals } from "@std/assert";
import { Problem } from "@/lib/protocol/rest.ts";
import { openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN } from "@/tests/support/fake_holdfast.ts";

const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };

Deno.test("[TOKHTTP1] a body that does not fit is 422 by the name of the field and makes nothing", async () => {
  const doors = await openDoors();
  try {
    const post = (body: unknown) =>
      fetch(`${doors.url}/api/tokens`, { method: "POST", body: JSON.stringify(body), headers });
    const bad: [unknown, string][] = [
      [{}, "label"],
      [{ label: "" }, "label"],
      [{ label: "   " }, "label"],
      [{ label: "x".repeat(101) }, "label"],
      [{ label: 1 }, "label"],
      [{ label: "l", role: "owner" }, "role"],
      [{ label: "l", user: "anna" }, "user"],
      [{ label: "l", user: {} }, "user.id"],
      [{ label: "l", user: { id: "a b" } }, "user.id"],
      [{ label: "l", user: { id: "a".repeat(41) } }, "user.id"],
      [{ label: "l", user: { id: "a", name: "line\nbreak" } }, "user.name"],
      [{ label: "l", user: { id: "a", admin: true } }, "user.admin"],
      [{ label: "l", expires_in_s: 0 }, "expires_in_s"],
      [{ label: "l", expires_in_s: 59 }, "expires_in_s"],
      [{ label: "l", expires_in_s: 1e12 }, "expires_in_s"],
      [{ label: "l", expires_in_s: "60" }, "expires_in_s"],
      [{ label: "l", token: "mine-0123456789abcdef" }, "token"],
    ];
    for (const [body, path] of bad) {
      const response = await post(body);
      assertEquals(response.status, 422, JSON.stringify(body));
      const problem = Problem.parse(await response.json());
      assertEquals(problem.errors?.[0]?.path, path, JSON.stringify(body));
    }
    assertEquals(doors.fake.asked.length, 0);
  } finally {
    await doors.close();
  }
});

Deno.test("[TOKHTTP2] the secret is in the answer of the making and in no list; answers are not kept by caches", async () => {
  const doors = await openDoors();
  try {
    const response = await fetch(`${doors.url}/api/tokens`, {
      method: "POST",
      body: JSON.stringify({ label: "laptop" }),
      headers,
    });
    const made = await response.json();
    assertEquals([response.status, response.headers.get("cache-control")], [201, "no-store"]);
    assert(typeof made.token === "string" && made.label === "laptop");
    const list = await (await fetch(`${doors.url}/api/tokens`, { headers })).text();
    assert(!list.includes(made.token));
  } finally {
    await doors.close();
  }
});
