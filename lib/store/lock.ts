// One process owns an embedded store and its data folder: a file that is locked for as long as the process lives.
//
// Watching a store does not cross processes and a second writer starves, so a second start must end at once and name the
// first. The kernel gives the lock back when the process ends, however it ends; what stands in the file only names it.
import { AppError } from "../model/error.ts";

/** A lock that is held. */
export interface Lock extends Disposable {
  readonly path: string;
}

/** Takes a lock. Throws AppError `conflict` naming the process that holds it. */
export async function takeLock(path: string, pid: number): Promise<Lock> {
  const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  if (!await file.tryLock(true)) {
    const holder = await readPid(file);
    file.close();
    throw new AppError("conflict", `Cannot start: "${path}" is held by ${holder}, which is still running`);
  }
  await file.truncate();
  await file.write(new TextEncoder().encode(`${pid}\n`));
  await file.sync();
  return { path, [Symbol.dispose]: () => file.close() };
}

/** Takes the locks of an embedded store and of the data folder, both or neither. Throws AppError `conflict`. */
export async function takeLocks(of: { kv_file: string | null; data_folder: string; pid: number }): Promise<Lock> {
  const paths = [...of.kv_file === null ? [] : [`${of.kv_file}.lock`], `${of.data_folder}/lock`];
  using locks = new DisposableStack();
  for (const path of paths) locks.use(await takeLock(path, of.pid));
  const held = locks.move();
  return { path: paths.join(", "), [Symbol.dispose]: () => held.dispose() };
}

async function readPid(file: Deno.FsFile): Promise<string> {
  const buffer = new Uint8Array(32);
  const read = await file.read(buffer) ?? 0;
  const pid = /^\d{1,10}/.exec(new TextDecoder().decode(buffer.subarray(0, read)))?.[0];
  return pid === undefined ? "another process" : `the process with pid ${pid}`;
}
