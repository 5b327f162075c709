// The program of workflow sandboxes as the build makes it.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { workflowCommand } from "@/lib/sandbox/permissions.ts";
import { createSandboxes } from "@/lib/sandbox/sandboxes.ts";
import { sourceDigest } from "@/lib/sandbox/source_digest.ts";
import { findProgram } from "@/lib/sandbox/workflow_program.ts";
import { bundleWorkflow } from "@/dev/workflow_bundle.ts";
import { clock, ids, PROJECT } from "./support.ts";

async function withBundle(run: (bundle: string, data: string) => Promise<void>): Promise<void> {
  const data_dir = await Deno.makeTempDir();
  try {
    await bundleWorkflow(PROJECT, `${data_dir}/workflow`);
    await run(`${data_dir}/workflow`, data_dir);
  } finally {
    await Deno.remove(data_dir, { recursive: true });
  }
}

Deno.test("[SBX-PROGRAM-1] the bundle says of its modes what its sandbox says, without one", () =>
  withBundle(async (bundle, data_dir) => {
    const program = await findProgram(PROJECT, { bundle });
    assertEquals(program.source_digest, await sourceDigest(PROJECT));
    const options = {
      project_root: PROJECT,
      isolation: "auto",
      warm: 0,
      memory_mb: 256,
      deno: Deno.execPath(),
    } as const;
    const known = await createSandboxes({ ...options, clock, ids, data_dir, workflow_bundle: bundle });
    const asked = await createSandboxes({ ...options, clock, ids, data_dir: `${data_dir}/other` });
    try {
      assertEquals((await known.describe()).workflows, (await asked.describe()).workflows);
      assertEquals((await known.describe()).workflows, program.workflows);
      await known.probe();
    } finally {
      await Promise.all([known.close(), asked.close()]);
    }
  }));

Deno.test("[SBX-PROGRAM-2] a program that stands alone gets no config, no package and no file of the project", () => {
  const walls = {
    isolation: "bwrap",
    tools: { bwrap: "/usr/bin/bwrap", prlimit: "/usr/bin/prlimit" },
    deno: "/deno",
    libs: [],
    inherited_fds: [],
    warnings: [],
  } as const;
  const plan = {
    walls,
    project: "/project",
    program: "/built/workflow/main.js",
    deno_dir: "/dd",
    memory_mb: 64,
    server_pid: 1,
  };
  const { args } = workflowCommand({ ...plan, alone: true });
  assert(!args.some((word) => word.includes("/project")), args.join(" "));
  for (const flag of ["--no-config", "--no-npm", "--cached-only", "--no-remote", "--deny-net", "--deny-run"]) {
    assert(args.includes(flag), flag);
  }
  assert(!args.some((word) => word.startsWith("--allow") && word !== "--allow-import=none.invalid"), args.join(" "));
  assertStringIncludes(args.join(" "), "--ro-bind-try /built/workflow /built/workflow");
});

Deno.test("[SBX-PROGRAM-3] without a bundle the sources are the program; a bundle of another version is refused", () =>
  withBundle(async (bundle) => {
    const program = await findProgram(PROJECT, { bundle: `${bundle}/missing` });
    assertEquals([program.alone, program.path], [false, await Deno.realPath(`${PROJECT}/workers/main.ts`)]);
    await Deno.writeTextFile(`${bundle}/program.json`, `{"digest":"old"}`);
    await assertRejects(() => findProgram(PROJECT, { bundle }), Error, "build anew");
  }));
