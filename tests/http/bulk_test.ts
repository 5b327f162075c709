// POST /api/sessions/bulk and GET files.zip: what they take, and how they answer.
import { assert, assertEquals } from "@std/assert";
import { Problem } from "@/lib/protocol/rest.ts";
import { openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN } from "@/tests/support/fake_holdfast.ts";

const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;

Deno.test("[BULKHTTP1] ids and verb are checked before anything is done", async () => {
  const doors = await openDoors();
  try {
    const post = (body: unknown) =>
      fetch(`${doors.url}/api/sessions/bulk`, { method: "POST", body: JSON.stringify(body), headers });
    const bad: [unknown, string][] = [
      [{}, "ids"],
      [{ ids: [], action: "suspend" }, "ids"],
      [{ ids: id(1), action: "suspend" }, "ids"],
      [{ ids: ["x"], action: "suspend" }, "ids.0"],
      [{ ids: [id(1), null], action: "suspend" }, "ids.1"],
      [{ ids: Array.from({ length: 201 }, (_, n) => id(n)), action: "suspend" }, "ids"],
      [{ ids: [id(1)] }, "action"],
      [{ ids: [id(1)], action: "explode" }, "action"],
      [{ ids: [id(1)], action: "suspend", now: "yes" }, "now"],
    ];
    for (const [body, path] of bad) {
      const response = await post(body);
      assertEquals(response.status, 422, JSON.stringify(body).slice(0, 200));
      assertEquals(Problem.parse(await response.json()).errors?.[0]?.path, path);
    }
    assertEquals(doors.fake.asked.length, 0);
    const response = await post({ ids: [id(1), id(2)], action: "suspend", now: true });
    assertEquals([response.status, (await response.json()).results.length], [200, 2]);
    assertEquals(doors.fake.asked[0]?.input, { ids: [id(1), id(2)], action: "suspend", now: true });
  } finally {
    await doors.close();
  }
});

Deno.test("[ZIPHTTP1] the archive is an attachment with a safe name under the policy of files", async () => {
  const doors = await openDoors();
  try {
    const session = doors.fake.addSession();
    doors.fake.sessions.set(session.session_id, { ...session, name: 'Report "Ü"\r\n1' });
    const response = await fetch(`${doors.url}/api/sessions/${session.session_id}/files.zip`, { headers });
    assertEquals(response.headers.get("content-type"), "application/zip");
    assertEquals(
      response.headers.get("content-disposition"),
      `attachment; filename="Report _____1.zip"; filename*=UTF-8''Report%20%22%C3%9C%22%0D%0A1.zip`,
    );
    assert((response.headers.get("content-security-policy") ?? "").endsWith("sandbox"));
    assertEquals(response.headers.get("cross-origin-resource-policy"), "same-origin");
    assertEquals(await response.text(), "PK");
  } finally {
    await doors.close();
  }
});
