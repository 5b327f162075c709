// Whether a sandbox ended because files of its workflow were saved while it loaded them: that is no loss of its run.
//
//   M1. An exit code is the word of a stranger. It counts only when the source really is another by now than the one that
//       this sandbox was told to load: each change is forgiven once, and code that always ends so is a loss each time.
import { AppError } from "../../model/error.ts";
import { EXIT_SOURCE_MOVED } from "../../protocol/sandbox.ts";
import type { Catalogue } from "../catalogue.ts";
import type { SandboxOver } from "../ports.ts";

/** What a sandbox was told to load. */
export interface Told {
  readonly mode: string;
  readonly source_digest: string;
}

/** Tells whether the source moved under a sandbox. Never rejects. */
export async function sourceMoved(
  catalogue: Pick<Catalogue, "get">,
  told: Told | null,
  over: SandboxOver,
): Promise<boolean> {
  if (told === null || over.reason !== "exit" || over.exit_code !== EXIT_SOURCE_MOVED) return false;
  try {
    return (await catalogue.get(told.mode)).description.source_digest !== told.source_digest;
  } catch (error) {
    // What lies there now is no workflow: the next start says so and pauses the run.
    return error instanceof AppError && error.code === "invalid";
  }
}
