// A session's real folder as a ZIP.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { createFolders, MAX_FILES } from "@/lib/sandbox/folders.ts";
import { zipOf } from "@/lib/service/query/zip.ts";
import { systemClock, systemIds } from "@/lib/service/system.ts";
import { bytesOf, readZip } from "./zip_reader.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const text = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : new TextDecoder().decode(bytes);

async function withFolder(
  work: (at: { root: string; folders: ReturnType<typeof createFolders> }) => Promise<void>,
): Promise<void> {
  const data_dir = await Deno.makeTempDir();
  try {
    const folders = createFolders({ data_dir, disk_mb: 1024, clock: systemClock, ids: systemIds });
    await folders.ensure(ID);
    await work({ root: `${data_dir}/sessions/${ID}`, folders });
  } finally {
    await Deno.remove(data_dir, { recursive: true });
  }
}

Deno.test("[ZIP1] every file comes back byte for byte under its path; an empty folder is an empty archive", async () => {
  await withFolder(async ({ root, folders }) => {
    assertEquals(readZip(await bytesOf(zipOf(await folders.contents(ID)))).size, 0);
    const large = crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(3);
    await Deno.mkdir(`${root}/a/b`, { recursive: true });
    await Deno.writeTextFile(`${root}/a/b/größe.txt`, large);
    await Deno.writeTextFile(`${root}/empty`, "");
    await Deno.mkdir(`${root}/.holdfast`);
    await Deno.writeTextFile(`${root}/.holdfast/block-1.ts`, "hidden");
    const found = readZip(await bytesOf(zipOf(await folders.contents(ID))));
    assertEquals([...found.keys()], ["a/b/größe.txt", "empty"]);
    assertEquals(text(found.get("a/b/größe.txt")), large);
    assertEquals(text(found.get("empty")), "");
  });
});

Deno.test("[ZIP2] links, pipes and what a link leads to are never in it, also when a file becomes one meanwhile", async () => {
  await withFolder(async ({ root, folders }) => {
    await Deno.writeTextFile(`${root}/a.txt`, "a");
    await Deno.writeTextFile(`${root}/b.txt`, "b");
    await Deno.mkdir(`${root}/folder`);
    await Deno.writeTextFile(`${root}/folder/c.txt`, "c");
    await Deno.symlink("/etc/hostname", `${root}/link`);
    await Deno.symlink("/etc", `${root}/etc`);
    const files = await folders.contents(ID);
    await Deno.remove(`${root}/b.txt`);
    await Deno.symlink("/etc/hostname", `${root}/b.txt`);
    await Deno.rename(`${root}/folder`, `${root}/moved`);
    await Deno.symlink("moved", `${root}/folder`);
    const found = readZip(await bytesOf(zipOf(files)));
    assertEquals([...found.keys()], ["a.txt"]);
  });
});

Deno.test("[ZIP3] what changes while it is packed: gone files are left out, shorter and longer ones stand as they were read", async () => {
  await withFolder(async ({ root, folders }) => {
    const block = "x".repeat(300_000);
    for (const name of ["1", "2", "3", "4"]) await Deno.writeTextFile(`${root}/${name}`, block);
    const files = await folders.contents(ID);
    const reader = zipOf(files).getReader();
    const parts: Uint8Array[] = [];
    const take = async () => {
      const { done, value } = await reader.read();
      if (value !== undefined) parts.push(value);
      return done;
    };
    for (let n = 0; n < 3; n++) await take();
    await Deno.writeTextFile(`${root}/1`, "y".repeat(400_000), { append: true });
    await Deno.truncate(`${root}/2`, 10);
    await Deno.remove(`${root}/3`);
    while (!await take());
    const found = readZip(await bytesOf(new Blob(parts.map((part) => part.slice())).stream()));
    assertEquals([...found].map(([name, bytes]) => [name, bytes.length]), [["1", 300_000], ["2", 10], ["4", 300_000]]);
  });
});

Deno.test("[ZIP4] names unpack where they are unpacked, on every system, and none is lost", async () => {
  const file = (path: string) => ({ path, size_bytes: 0, modified_ms: 0, open: () => Promise.resolve(streamOf("x")) });
  const paths = [
    "..\\..\\evil",
    "C:\\x",
    "a\nb",
    "con.txt",
    "end. ",
    "A.txt",
    "a.txt",
    "a/..b",
    "\ud800",
    "x:y",
    "x_y",
  ];
  const names = [...readZip(await bytesOf(zipOf(paths.map(file)))).keys()];
  assertEquals(names, [
    ".._.._evil",
    "C__x",
    "a_b",
    "_con.txt",
    "end__",
    "A.txt",
    "a (2).txt",
    "a/..b",
    "\ufffd",
    "x_y",
    "x_y (2)",
  ]);
});
const streamOf = (text: string) => new Blob([text]).stream();

Deno.test("[ZIP5] a reader that goes away leaves no file open", async () => {
  await withFolder(async ({ root, folders }) => {
    for (const name of ["1", "2"]) await Deno.writeTextFile(`${root}/${name}`, "x".repeat(1_000_000));
    const open = () =>
      [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => linkOf(name)).filter((one) => one.startsWith(root));
    for (const reads of [0, 1, 2, 5, 20]) {
      const reader = zipOf(await folders.contents(ID)).getReader();
      for (let n = 0; n < reads; n++) await reader.read();
      await reader.cancel();
      assertEquals(open(), [], `after ${reads} reads`);
    }
  });
});
function linkOf(fd: string): string {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

Deno.test("[ZIP6] more files than a session may have are refused before the first byte", async () => {
  await withFolder(async ({ root, folders }) => {
    for (let n = 0; n <= MAX_FILES + 100; n++) Deno.writeTextFileSync(`${root}/${n}`, "");
    const error = await assertRejects(() => folders.contents(ID), AppError);
    assertEquals(error.code, "too_large");
  });
});

Deno.test("[ZIP7] a large session is packed without growing: 200 MB in less than 60 MB of memory", async () => {
  await withFolder(async ({ root, folders }) => {
    await Deno.writeTextFile(`${root}/large`, "");
    await Deno.truncate(`${root}/large`, 200_000_000);
    let bytes = 0;
    let most = 0;
    const before = Deno.memoryUsage().rss;
    for await (const part of zipOf(await folders.contents(ID))) {
      bytes += part.length;
      most = Math.max(most, Deno.memoryUsage().rss - before);
    }
    assert(bytes > 200_000_000 && most < 60_000_000, `${bytes} bytes, ${most} of memory`);
  });
});
