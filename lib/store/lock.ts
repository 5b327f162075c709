// One process owns an embedded store: watches do not cross processes, and a second writer starves.
//
// The lock is the kernel's, held by the open file: it is gone with the process, however that ends. The file holds the
// pid, so that a second start can name it; it stays when the lock is given back.
import { AppError } from "../model/error.ts";

/** A lock that is held. */
export interface Lock {
  readonly path: string;
  release(): void;
}

const encoder = new TextEncoder();

/** Takes the lock of a file. Throws AppError `conflict` that names the pid of who holds it. */
export async function takeLock(path: string): Promise<Lock> {
  const file = await Deno.open(path, { read: true, write: true, create: true });
  try {
    if (!await file.tryLock(true)) {
      const pid = (await Deno.readTextFile(path)).trim() || "unknown";
      throw new AppError("conflict", `Cannot take the lock "${path}": process ${pid} holds it`, { current: { pid } });
    }
    await file.truncate(0);
    await file.write(encoder.encode(`${Deno.pid}\n`));
  } catch (error) {
    file.close();
    throw error;
  }
  return { path, release: () => file.close() };
}

/** Takes the locks of a store's file and of the data folder; both, or neither. Throws AppError `conflict`. */
export async function takeLocks(paths: { kv_file: string | null; data_folder: string }): Promise<Lock[]> {
  const locks: Lock[] = [];
  const wanted = [...paths.kv_file === null ? [] : [`${paths.kv_file}.lock`], `${paths.data_folder}/lock`];
  try {
    for (const path of wanted) locks.push(await takeLock(path));
  } catch (error) {
    for (const lock of locks) lock.release();
    throw error;
  }
  return locks;
}
