// Compiled code that servers of tests hand on to each other: every new data folder would otherwise begin by compiling the
// same programs, which is four processes and most of a short test.
//
//   TP1. A server has copies of its own; names say what they were compiled from, so an old one is never used.
//   TP2. What is copied appears whole, and only so many are kept.
const KEPT = new URL("../../.cache/server-templates/", import.meta.url).pathname;
/** Of each kind: the program that is built, and the sources. */
const MOST = 2;

/** Gives an empty data folder what was compiled before. */
export async function seedTemplates(data: string): Promise<void> {
  const own = `${data}/cache/templates`;
  await Deno.mkdir(own, { recursive: true, mode: 0o700 });
  for (const name of await finished(KEPT)) await copyWhole(`${KEPT}${name}`, { to: own, name });
}

/** Keeps what the server of a data folder has compiled, for those that come. */
export async function keepTemplates(data: string): Promise<void> {
  const own = `${data}/cache/templates`;
  const known = await finished(KEPT);
  for (const name of await finished(own)) {
    if (known.includes(name)) continue;
    await Deno.mkdir(KEPT, { recursive: true });
    await copyWhole(`${own}/${name}`, { to: KEPT, name });
    await dropOldest(kindOf(name));
  }
}

async function dropOldest(kind: string): Promise<void> {
  const names = (await finished(KEPT)).filter((name) => kindOf(name) === kind);
  const ages = await Promise.all(names.map(async (name) => {
    const info = await Deno.stat(`${KEPT}${name}`).catch(() => null);
    return { name, at: info?.mtime?.getTime() ?? 0 };
  }));
  for (const { name } of ages.sort((a, b) => b.at - a.at).slice(MOST)) {
    await Deno.remove(`${KEPT}${name}`, { recursive: true }).catch(ignoreMissing);
  }
}

const kindOf = (name: string): string => name.slice(0, name.lastIndexOf("-"));

/** Copies a folder beside its place and renames it; somebody else may have been quicker, or have removed it meanwhile. */
async function copyWhole(from: string, { to, name }: { to: string; name: string }): Promise<void> {
  const making = `${to}/.making-${crypto.randomUUID()}`;
  try {
    await copyFolder(from, making);
    await Deno.rename(making, `${to}/${name}`);
  } catch {
    await Deno.remove(making, { recursive: true }).catch(ignoreMissing);
  }
}

async function finished(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.isDirectory && !entry.name.startsWith(".")) names.push(entry.name);
    }
  } catch (error) {
    ignoreMissing(error);
  }
  return names;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (entry.isFile) await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
