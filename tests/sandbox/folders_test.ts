// The folders of sessions: what is listed, opened and written, and what is not.
import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects } from "@std/assert";
import { createFolders } from "@/lib/sandbox/folders.ts";
import { AppError } from "@/lib/model/error.ts";
import type { Folders } from "@/lib/service/ports.ts";
import { clock, ids, temporaryFolder } from "./support.ts";

const S = "6f1f2c52-8a5e-4c8e-9a6b-111111111111";
const OTHER = "6f1f2c52-8a5e-4c8e-9a6b-222222222222";
const bytes = (text: string) => new TextEncoder().encode(text);

async function withFolders(
  fn: (folders: Folders, work: string, data_dir: string) => Promise<void>,
  disk_mb = 10,
): Promise<void> {
  await using folder = temporaryFolder();
  const folders = createFolders({ data_dir: folder.path, disk_mb, clock, ids });
  await folders.ensure(S);
  await fn(folders, `${folder.path}/sessions/${S}`, folder.path);
}
async function text(folders: Folders, path: string): Promise<string> {
  const { stream } = await folders.open(S, path);
  return await new Response(stream).text();
}
async function code(fn: () => Promise<unknown>): Promise<string> {
  const error = await assertRejects(fn);
  assertInstanceOf(error, AppError);
  return error.code;
}

Deno.test("[SBX-FOLD-1] what is written is listed with size and digest, and comes back", () =>
  withFolders(async (folders) => {
    const info = await folders.write(S, "a/b.txt", bytes("hello"));
    assertEquals(info.digest, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assertEquals(await folders.scan(S), [info]);
    assertEquals(await text(folders, "a/b.txt"), "hello");
    await folders.write(S, "a/b.txt", ReadableStream.from([bytes("good"), bytes("bye")]));
    assertEquals(await text(folders, "a/b.txt"), "goodbye");
  }));

Deno.test("[SBX-FOLD-2] the folder is closed to other users", () =>
  withFolders(async (_folders, work) => {
    assertEquals((await Deno.lstat(work)).mode! & 0o777, 0o700);
  }));

Deno.test("[SBX-FOLD-3] no name leads outside or into the host's own folder", () =>
  withFolders(async (folders, work, data_dir) => {
    Deno.writeTextFileSync(`${data_dir}/secret`, "canary");
    await folders.ensure(OTHER);
    Deno.writeTextFileSync(`${data_dir}/sessions/${OTHER}/theirs`, "canary");
    Deno.mkdirSync(`${work}/.holdfast`);
    Deno.writeTextFileSync(`${work}/.holdfast/block-1.ts`, "code");
    const names = [
      "../secret",
      "../../secret",
      `../${OTHER}/theirs`,
      "a/../../x",
      "/etc/hostname",
      "a//b",
      "./a",
      "a/.",
      "",
      ".",
      "..",
      "a/",
      ".holdfast/block-1.ts",
      ".holdfast",
      "a\0b",
    ];
    for (const name of names) {
      assertEquals(await code(() => folders.open(S, name)), "not_found", JSON.stringify(name));
      assertEquals(await code(() => folders.write(S, name, bytes("x"))), "invalid", JSON.stringify(name));
    }
    for (const id of ["..", "../sessions", S.slice(1), ""]) {
      assertEquals(await code(() => folders.scan(id)), "invalid");
      assertEquals(await code(() => folders.remove(id)), "invalid");
    }
    assertEquals(await folders.scan(S), []);
    assertEquals(Deno.readTextFileSync(`${data_dir}/secret`), "canary");
  }));

Deno.test("[SBX-FOLD-4] links are neither listed, opened nor written through, wherever they stand", () =>
  withFolders(async (folders, work, data_dir) => {
    Deno.mkdirSync(`${data_dir}/outside`);
    Deno.writeTextFileSync(`${data_dir}/outside/secret`, "canary");
    Deno.symlinkSync(`${data_dir}/outside/secret`, `${work}/file`);
    Deno.symlinkSync(`${data_dir}/outside`, `${work}/folder`);
    Deno.symlinkSync("/dev/zero", `${work}/zero`);
    assertEquals(await folders.scan(S), []);
    for (const name of ["file", "folder/secret", "zero", "folder"]) {
      assertEquals(await code(() => folders.open(S, name)), "not_found", name);
      assertEquals(await code(() => folders.write(S, name, bytes("x"))), "invalid", name);
    }
    assertEquals(await code(() => folders.write(S, "folder/new", bytes("x"))), "invalid");
    assertEquals(Deno.readTextFileSync(`${data_dir}/outside/secret`), "canary");
    assertEquals([...Deno.readDirSync(`${data_dir}/outside`)].length, 1);
  }));

Deno.test("[SBX-FOLD-5] what is neither file nor folder is not opened and stops nobody", () =>
  withFolders(async (folders, work) => {
    const made = await new Deno.Command("mkfifo", { args: [`${work}/pipe`] }).output();
    assert(made.success);
    assertEquals(await folders.scan(S), []);
    assertEquals(await code(() => folders.open(S, "pipe")), "not_found");
    assertEquals(await code(() => folders.write(S, "pipe", bytes("x"))), "invalid");
  }));

Deno.test("[SBX-FOLD-6] strange names that a program made are listed and open; the host writes none", () =>
  withFolders(async (folders, work) => {
    const names = [
      "new\nline",
      "esc\x1b[31m",
      "rtl\u202etxt",
      "-rf",
      "a b",
      "%2e%2e",
      "x".repeat(255),
      "ü",
      "__proto__",
    ];
    for (const name of names) Deno.writeTextFileSync(`${work}/${name}`, "x");
    assertEquals((await folders.scan(S)).map((file) => file.path).sort(), names.toSorted());
    for (const name of names) assertEquals(await text(folders, name), "x");
    for (const name of names.slice(0, 3)) assertEquals(await code(() => folders.write(S, name, bytes("x"))), "invalid");
    for (const name of ["y".repeat(256), "\ud800", "a\u2028b", "d/".repeat(40) + "x"]) {
      assertEquals(await code(() => folders.write(S, name, bytes("x"))), "invalid");
    }
  }));

Deno.test("[SBX-FOLD-7] a sparse file of any size is neither read nor listed", () =>
  withFolders(async (folders, work) => {
    using file = Deno.openSync(`${work}/sparse`, { write: true, create: true });
    file.truncateSync(1e12);
    await folders.write(S, "small", bytes("x")).catch(() => {});
    const since = performance.now();
    assertEquals(await folders.scan(S), []);
    assertEquals(await code(() => folders.open(S, "sparse")), "not_found");
    assert(performance.now() - since < 10_000);
  }));

Deno.test("[SBX-FOLD-8] a session holds at most 5,000 files", () =>
  withFolders(async (folders, work) => {
    for (let i = 0; i < 4999; i++) Deno.writeTextFileSync(`${work}/f${i}`, "");
    await folders.write(S, "f4999", bytes("x"));
    assertEquals(await code(() => folders.write(S, "one-more", bytes("x"))), "too_large");
    await folders.write(S, "f17", bytes("replaced"));
    assertEquals((await folders.scan(S)).length, 5000);
  }));

Deno.test("[SBX-FOLD-9] a session holds at most its megabytes, also with two writers at once", () =>
  withFolders(async (folders, work) => {
    const mb = new Uint8Array(900_000);
    const many = (n: number) => ReadableStream.from(Array.from({ length: n }, () => mb));
    assertEquals(await code(() => folders.write(S, "a", many(3))), "too_large");
    await folders.write(S, "a", many(1));
    const results = await Promise.allSettled([folders.write(S, "b", many(1)), folders.write(S, "c", many(1))]);
    assertEquals(results.map((result) => result.status).sort(), ["fulfilled", "rejected"]);
    assertEquals([...Deno.readDirSync(work)].length, 2);
  }, 2));

Deno.test("[SBX-FOLD-10] a write that breaks off changes nothing and leaves nothing", () =>
  withFolders(async (folders, work, data_dir) => {
    await folders.write(S, "a", bytes("old"));
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes("half"));
      },
      pull(controller) {
        controller.error(new Error("connection lost"));
      },
    });
    await assertRejects(() => folders.write(S, "a", broken), Error, "connection lost");
    assertEquals(Deno.readTextFileSync(`${work}/a`), "old");
    assertEquals([...Deno.readDirSync(`${data_dir}/cache/uploads`)], []);
    assertEquals([...Deno.readDirSync(work)].length, 1);
  }));

Deno.test("[SBX-FOLD-11] a digest is kept while the file stands and made anew when it changed", () =>
  withFolders(async (folders, work) => {
    await folders.write(S, "a", bytes("one"));
    const [first] = await folders.scan(S);
    assertEquals((await folders.scan(S))[0], first);
    Deno.writeTextFileSync(`${work}/a`, "two and more");
    const [second] = await folders.scan(S);
    assertNotEquals(second?.digest, first?.digest);
  }));

Deno.test("[SBX-FOLD-12] a stream gives what the file had when it was opened, never more", () =>
  withFolders(async (folders, work) => {
    await folders.write(S, "a", bytes("12345"));
    const { info, stream } = await folders.open(S, "a");
    Deno.writeTextFileSync(`${work}/a`, "67890 and more", { append: true });
    assertEquals([info.size_bytes, await new Response(stream).text()], [5, "12345"]);
    const open = await folders.open(S, "a");
    await open.stream.cancel();
  }));

Deno.test("[SBX-FOLD-13] removing takes the folder and its own, nobody else's, and may be repeated", () =>
  withFolders(async (folders, work, data_dir) => {
    await folders.ensure(OTHER);
    await folders.write(OTHER, "theirs", bytes("x"));
    Deno.symlinkSync(`${data_dir}/sessions/${OTHER}`, `${work}/link`);
    await folders.write(S, "deep/er/file", bytes("x"));
    await folders.remove(S);
    await folders.remove(S);
    await assertRejects(() => Deno.lstat(work), Deno.errors.NotFound);
    assertEquals((await folders.scan(OTHER)).length, 1);
    assertEquals(await folders.scan(S), []);
  }));

Deno.test("[SBX-FOLD-14] a single file is dropped; nothing beyond a link, outside the folder, or of the host's own", () =>
  withFolders(async (folders, work, data_dir) => {
    await folders.write(S, "a/b.txt", bytes("hello"));
    await folders.write(S, "c.txt", bytes("stays"));
    await Deno.mkdir(`${data_dir}/outside`);
    await Deno.writeTextFile(`${data_dir}/outside/d.txt`, "not ours");
    await Deno.symlink(`${data_dir}/outside`, `${work}/link`);
    await Deno.mkdir(`${work}/.holdfast`, { recursive: true });
    await Deno.writeTextFile(`${work}/.holdfast/own`, "x");
    for (const path of ["a/b.txt", "link/d.txt", "../../outside/d.txt", ".holdfast/own", "a", "missing"]) {
      await folders.drop(S, path);
    }
    await folders.drop(OTHER, "c.txt");
    assertEquals((await folders.scan(S)).map((file) => file.path), ["c.txt"]);
    assertEquals(await Deno.readTextFile(`${data_dir}/outside/d.txt`), "not ours");
    assertEquals(await Deno.readTextFile(`${work}/.holdfast/own`), "x");
    assertEquals((await Deno.lstat(`${work}/a`)).isDirectory, true);
  }));

Deno.test("[SBX-FOLD-15] what a killed server had received of uploads is gone with the next one's first upload", () =>
  withFolders(async (_folders, _work, data_dir) => {
    const uploads = `${data_dir}/cache/uploads`;
    await Deno.mkdir(uploads, { recursive: true });
    const next = createFolders({ data_dir, disk_mb: 10, clock, ids });
    await Deno.writeTextFile(`${uploads}/half-of-a-file`, "half");
    await Promise.all(["a.txt", "b.txt"].map((name) => next.write(S, name, bytes(name))));
    assertEquals([...Deno.readDirSync(uploads)], []);
    assertEquals((await next.scan(S)).map(({ path }) => path), ["a.txt", "b.txt"]);
  }));
