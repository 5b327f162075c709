// Makes a bare machine ready for the suites: Debian packages where apt-get may be used, the packages of the exec
// sandbox, the built app. Returns what it could not do, in words.

import { findDenokv, WITHOUT_DENOKV } from "../e2e/support/denokv.ts";

const found = async (program: string): Promise<boolean> => {
  const { code } = await new Deno.Command("/bin/sh", { args: ["-c", `command -v ${program}`], stdout: "null" })
    .output();
  return code === 0;
};

async function run(command: string, args: string[], say: (text: string) => void): Promise<boolean> {
  say(`-- ${command} ${args.join(" ")}`);
  const { success, stderr, stdout } = await new Deno.Command(command, {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) say(new TextDecoder().decode(stdout).slice(-2000) + new TextDecoder().decode(stderr).slice(-2000));
  return success;
}

/** Debian packages that suites use: program, package, what is left out without it. */
const WANTED = [
  { program: "chromium", debian: "chromium", without: "browser tests (no Chromium at /usr/bin/chromium)" },
  { program: "bwrap", debian: "bubblewrap", without: "attacks under bwrap (no bubblewrap)" },
  { program: "prlimit", debian: "util-linux", without: "memory limits by prlimit (no util-linux)" },
] as const;

async function debianPackages(say: (text: string) => void): Promise<string[]> {
  const absent = [];
  for (const wanted of WANTED) if (!await found(wanted.program)) absent.push(wanted);
  if (absent.length === 0) return [];
  const root = Deno.uid() === 0 && await found("apt-get");
  const installed = root && await run("apt-get", ["update", "-q"], say) &&
    await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...absent.map((one) => one.debian)], say);
  return installed ? [] : absent.map((one) => one.without);
}

/** Prepares the machine; `everything` also builds the app and installs the exec sandbox's packages. */
export async function prepare(everything: boolean, say: (text: string) => void): Promise<string[]> {
  if (!everything) return [];
  const missing = await debianPackages(say);
  if (await findDenokv() === null) missing.push(WITHOUT_DENOKV);
  if (!await run(Deno.execPath(), ["task", "--quiet", "build"], say)) missing.push("the build of the app");
  return missing;
}
