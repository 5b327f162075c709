// Fresh's typed identity functions for this app's State: pages, layouts, handlers and middlewares are made with them.
import { createDefine } from "fresh";
import type { State } from "./state.ts";

/** Typed `handlers`, `page`, `layout` and `middleware` for ctx.state. */
export const define = createDefine<State>();
