// What an author imports: `import { defineWorkflow, Failure, z } from ".../sdk/mod.ts"`.
export { defineWorkflow } from "./define.ts";
export { Failure } from "./failure.ts";
export type * from "./types.ts";
export { z } from "zod";
