// The ground around attackers: secrets that must not be read, a listener that nobody may reach, and looks at what changed.
import { existsSync } from "node:fs";

/** Writes secrets of every kind into a folder, each holding the canary. */
export function writeSecrets(folder: string, canary: string): void {
  const files: Record<string, string> = {
    "secret.txt": canary,
    "secret.json": JSON.stringify({ canary }),
    "secret.ts": `export default ${JSON.stringify(canary)};`,
    "secret.cjs": `module.exports = ${JSON.stringify(canary)};`,
    "secret.env": `CANARY=${canary}`,
    "secret.map": JSON.stringify({
      version: 3,
      sources: ["x.ts"],
      sourcesContent: [canary],
      names: [],
      mappings: "AAAA",
    }),
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${folder}/${name}`, text);
}

/** Makes a folder with one file that holds the canary. */
export function writeTheirs(folder: string, canary: string): void {
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/theirs.txt`, canary);
}

/** Somebody who listens on loopback and tells the canary to whoever connects. */
export function listen(canary: string) {
  let connections = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    for await (const connection of listener) {
      connections++;
      await connection.write(new TextEncoder().encode(canary)).catch(() => {});
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    connections: () => connections,
    async close() {
      listener.close();
      await served;
    },
  };
}

/** Names, sizes, modes and contents below a folder. */
export function fingerprint(folder: string): string {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort().map((name) => {
    const info = Deno.lstatSync(`${folder}/${name}`);
    return info.isFile ? `${name}:${info.mode}:${info.nlink}:${Deno.readTextFileSync(`${folder}/${name}`)}` : name;
  }).join("\n");
}

/** Everything that lies in regular files below a folder. */
export function contents(folder: string): string {
  let text = "";
  if (!existsSync(folder)) return text;
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) text += contents(path);
    else if (entry.isFile && Deno.lstatSync(path).size < 5_000_000) text += Deno.readTextFileSync(path);
  }
  return text;
}
