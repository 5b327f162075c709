// The app: static files, state, routes. Opens nothing; serve.ts (and dev.ts) put the process behind it.
import { App, staticFiles } from "fresh";
import { provideState } from "@/lib/http/attach.ts";
import type { State } from "@/lib/http/state.ts";

/** The app without its services: requests bring them along. */
export const app: App<State> = new App<State>().use(staticFiles()).use((ctx) => provideState(ctx)).fsRoutes();
