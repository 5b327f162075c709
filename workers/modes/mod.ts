// The built-in modes: literal imports, so that they load without any right.
import type { Workflow } from "../sdk/mod.ts";
import { oneShot } from "./one_shot.ts";
import { planningControl } from "./planning_control.ts";

/** The built-in modes, in the order in which people see them. */
export const MODES: readonly Workflow[] = [planningControl, oneShot];
