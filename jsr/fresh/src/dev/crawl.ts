// Finds the islands, routes and static files of a project.

import { isSpecialFile } from "../file_routes.ts";

const SCRIPT = /\.[jt]sx?$/;

/** A file of `routes/`: where it lies, and whether it must be loaded at the start. */
export interface FoundRoute {
  file: string;
  /** Path below the folder of the routes, without extension. */
  path: string;
  isEager: boolean;
}

/** Lists the files below a folder in a stable order; none if the folder does not exist. */
export async function walk(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await walk(path));
    else files.push(path);
  }
  return files;
}

/** Finds the island files of their own folder and of the `(_islands)` folders among the routes. */
export async function findIslands(islandDir: string, routeDir: string): Promise<string[]> {
  const beside = (await walk(routeDir)).filter((file) => file.includes("/(_islands)/"));
  return [...await walk(islandDir), ...beside].filter((file) => SCRIPT.test(file));
}

/** Finds the route files; a text that names `routeOverride` makes a file one to load at the start. */
export async function findRoutes(routeDir: string, ignore: RegExp[]): Promise<FoundRoute[]> {
  const files = (await walk(routeDir)).filter((file) => SCRIPT.test(file) && !file.includes("/(_"));
  const kept = files.filter((file) => !ignore.some((pattern) => pattern.test(file)));
  return await Promise.all(kept.map(async (file) => {
    const path = file.slice(routeDir.length + 1).replace(SCRIPT, "");
    return { file, path, isEager: isSpecialFile(path) || (await Deno.readTextFile(file)).includes("routeOverride") };
  }));
}

/** Finds the static files; those with a leading dot are left out, except in `.well-known`. */
export async function findStatic(staticDir: string): Promise<string[]> {
  return (await walk(staticDir)).filter((file) => {
    const parts = file.slice(staticDir.length + 1).split("/");
    return !parts.some((part) => part.startsWith(".") && part !== ".well-known");
  });
}
