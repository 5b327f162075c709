// POST …/cancel: works in every status that is not final; repeating is harmless.
import { api } from "@/lib/http/api.ts";
import { AppError } from "@/lib/model/error.ts";

export const handler = api("/api/runs/{run_id}/cancel", {
  POST: async ({ principal, params: { run_id }, state: { holdfast }, options }) => {
    const run = await holdfast.cancelRun(principal, run_id, options);
    if (run !== null) return run;
    throw new AppError("not_found", `Cannot find the run "${run_id}": if it starts within 60 s, it is cancelled`);
  },
});
