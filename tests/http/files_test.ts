import { assertEquals, assertMatch } from "@std/assert";
import { blobHeaders, fileHeaders } from "@/lib/http/files.ts";
import { openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN, DIGEST } from "@/tests/support/fake_holdfast.ts";

const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };

Deno.test("[HTTP30] only pictures and plain text are shown in place, whatever the name says", () => {
  const shown = { "a.png": "image/png", "b/c.SVG": "image/svg+xml", "d.txt": "text/plain; charset=utf-8" };
  for (const [path, media] of Object.entries(shown)) {
    const headers = fileHeaders(path);
    assertEquals(headers.get("content-type"), media);
    assertMatch(headers.get("content-disposition") ?? "", /^inline; /);
  }
  for (
    const path of ["a.html", "a.svg.html", "a", "png", ".png.js", "a.xml", "a.pdf", "a.constructor", "a.__proto__"]
  ) {
    const headers = fileHeaders(path);
    assertEquals(headers.get("content-type"), "application/octet-stream", path);
    assertMatch(headers.get("content-disposition") ?? "", /^attachment; /, path);
  }
});

Deno.test("[HTTP31] a name cannot break out of its header", () => {
  for (
    const name of [
      'a"; filename="b.html',
      "a\r\nX: y",
      "a\u202Egnp.exe",
      "-rf",
      "..",
      "\ud800.txt",
      "日本.txt",
      "x".repeat(400),
    ]
  ) {
    const disposition = fileHeaders(name).get("content-disposition") ?? "";
    assertMatch(
      disposition,
      /^(inline|attachment); filename="[A-Za-z0-9._ -]+"; filename\*=UTF-8''[A-Za-z0-9%._~!-]*$/,
      name,
    );
  }
  assertMatch(fileHeaders("d/日本.txt").get("content-disposition") ?? "", /''%E6%97%A5%E6%9C%AC\.txt$/);
});

Deno.test("[HTTP32] a blob of HTML is an attachment of no type", () => {
  assertEquals(blobHeaders("text/html; charset=utf-8", DIGEST).get("content-type"), "application/octet-stream");
  assertEquals(blobHeaders("image/PNG", DIGEST).get("content-type"), "image/png");
  assertEquals(blobHeaders("text/plain", DIGEST).get("content-type"), "text/plain; charset=utf-8");
});

Deno.test("[HTTP33] uploads come back byte for byte under the policy, whatever is in their names", async () => {
  const doors = await openDoors();
  try {
    const { session_id } = doors.fake.addSession();
    const bytes = Uint8Array.from({ length: 60_000 }, (_, at) => (at * 31) % 256);
    for (const path of ["in/ a%20b.bin", "100%25.txt", "ü/ñ.png", "q?x#y.html"]) {
      const at = `${doors.url}/api/sessions/${session_id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
      const put = await fetch(at, { method: "PUT", body: bytes, headers: bearer });
      assertEquals([put.status, (await put.json()).path], [201, path]);
      const got = await fetch(at, { headers: bearer });
      assertEquals(new Uint8Array(await got.arrayBuffer()), bytes);
      assertEquals(
        got.headers.get("content-security-policy"),
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
      );
      assertEquals(got.headers.get("x-content-type-options"), "nosniff");
      assertEquals(got.headers.get("cross-origin-resource-policy"), "same-origin");
    }
    const blob = await fetch(`${doors.url}/api/sessions/${session_id}/blobs/${DIGEST}`, { headers: bearer });
    assertEquals(await blob.text(), "<script>1</script>");
    assertMatch(blob.headers.get("content-disposition") ?? "", /^attachment/);
  } finally {
    await doors.close();
  }
});

Deno.test("[HTTP34] an upload over 50 MiB is 413 and leaves nothing", async () => {
  const doors = await openDoors();
  try {
    const { session_id } = doors.fake.addSession();
    const at = `${doors.url}/api/sessions/${session_id}/files/large.bin`;
    const part = new Uint8Array(1_048_576);
    let left = 51;
    const chunked = new ReadableStream({
      pull: (controller) => left-- > 0 ? controller.enqueue(part) : controller.close(),
    });
    for (const body of [chunked, new Blob(Array.from({ length: 51 }, () => part))]) {
      const response = await fetch(at, { method: "PUT", body, headers: bearer });
      assertEquals([response.status, (await response.json()).code], [413, "too_large"]);
    }
    const got = await fetch(at, { headers: bearer });
    await got.body?.cancel();
    assertEquals(got.status, 404);
  } finally {
    await doors.close();
  }
});
