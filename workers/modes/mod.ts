// The built-in modes: literal imports, so that they load without any right.
import type { Workflow } from "../sdk/mod.ts";

/** The built-in modes, in the order in which people see them. */
export const MODES: readonly Workflow[] = [];
