// What a start fails for that is the machine's and not the run's: no room, no processes, no memory, no handles.
import { AppError } from "../model/error.ts";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const SHORT = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"]);
/** The numbers of these (Linux, macOS), as a program writes them that ended for one. */
const NUMBERS: Readonly<Record<string, string>> = {
  "11": "EAGAIN",
  "12": "ENOMEM",
  "23": "ENFILE",
  "24": "EMFILE",
  "28": "ENOSPC",
  "35": "EAGAIN",
  "69": "EDQUOT",
  "122": "EDQUOT",
};

/** The error of a start that failed: `full` or `busy` when the machine is short of something, else `internal`. */
export function startError(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return shortageOf(what, error) ?? new AppError("internal", `Cannot start ${what}: ${error}`, { cause: error });
}

/** The error of what failed because the machine is short of something; null when it failed for something else. */
export function shortageOf(what: string, error: unknown): AppError | null {
  const code = codeOf(error);
  const text = (why: string) => `Cannot start ${what}: ${why}`;
  if (FULL.has(code)) return new AppError("full", text("the disk of the server is full"), { cause: error });
  if (SHORT.has(code)) {
    return new AppError("busy", text(`the server is short of something (${code})`), { cause: error });
  }
  return null;
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return NUMBERS[/\(os error (\d+)\)/.exec(String(error))?.[1] ?? ""] ?? "";
}
