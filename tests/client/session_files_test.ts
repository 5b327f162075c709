import { assertEquals } from "@std/assert";
import { allFiles } from "@/lib/client/session_files.ts";

const AT = "2026-11-24T10:00:00.000Z";

Deno.test("[SF1] uploaded inputs stand among what the runs made, by their paths; what events tell is newer than the list", () => {
  const told = [{
    file_path: "report.md",
    file_type: "text/markdown",
    size_bytes: 20,
    created_at: AT,
    updated_at: AT,
    run_id: "r",
    step_id: "s",
  }];
  const entry = { media_type: "text/csv", modified_at: AT, run_id: null, step_id: null };
  const files = allFiles(told, [
    { ...entry, path: "report.md", size_bytes: 10 },
    { ...entry, path: "boats.csv", size_bytes: 8 },
  ]);
  assertEquals(files.map((file) => [file.file_path, file.size_bytes, file.run_id]), [
    ["boats.csv", 8, null],
    ["report.md", 20, "r"],
  ]);
});
