// What the command line reads of its surroundings: the server's address, the token, the terminal.
//
// The one module of lib/cli that reads the environment. An empty value counts as not set.
import { createApi } from "../client/api.ts";
import { EXIT, Exit } from "./terminal.ts";

/** Where the server is and as whom to speak to it. */
export interface Surroundings {
  base: string;
  token: string | undefined;
  /** Where the token came from, in words. */
  token_from: string;
  token_file: string;
  interactive: boolean;
  colour: boolean;
}

const read = (name: string): string | undefined => Deno.env.get(name) || undefined;

async function tokenOf(file: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(file)).trim() || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/** The address to ask; throws Exit where it is none. */
function address(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Exit(EXIT.usage, `Cannot use HOLDFAST_URL "${url}": give an address like http://127.0.0.1:8000`);
}

/** Reads the surroundings: HOLDFAST_URL, HOLDFAST_TOKEN, else the token file of the data folder. */
export async function surroundings(): Promise<Surroundings> {
  const host = read("HOST") ?? "127.0.0.1";
  const base = read("HOLDFAST_URL") ?? `http://${host.includes(":") ? `[${host}]` : host}:${read("PORT") ?? "8000"}`;
  const token_file = `${read("HOLDFAST_DATA") ?? "./data"}/cli-token`;
  const given = read("HOLDFAST_TOKEN");
  const token = given ?? await tokenOf(token_file);
  const terminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  return {
    base: address(base),
    token,
    token_from: given !== undefined ? "HOLDFAST_TOKEN" : token === undefined ? "nowhere" : token_file,
    token_file,
    interactive: terminal,
    colour: Deno.stdout.isTerminal() && !Deno.noColor,
  };
}

/** The REST client for these surroundings. */
export function apiFor(here: Surroundings) {
  return createApi({ base: here.base, ...(here.token === undefined ? {} : { token: here.token }) });
}
