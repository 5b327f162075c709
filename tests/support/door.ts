// The doors over a service in memory: the real routes, middlewares and checks, without a build and without a store.
import { App } from "fresh";
import { createDoor } from "@/lib/http/door.ts";
import { provideState } from "@/lib/http/attach.ts";
import { createOrigins } from "@/lib/http/origins.ts";
import { createRate } from "@/lib/http/rate.ts";
import type { State } from "@/lib/http/state.ts";
import { LiveHub } from "@/lib/live/hub.ts";
import { createLive, type Live } from "@/lib/live/live.ts";
import type { Clock } from "@/lib/service/ports.ts";
import { systemClock } from "@/lib/service/system.ts";
import { FakeHoldfast } from "./fake_holdfast.ts";

const ROUTES = new URL("../../routes/", import.meta.url);
interface RouteModule {
  handler(ctx: { req: Request; state: State }): Response | Promise<Response>;
}

/** Every file below a folder of routes, static names before those in brackets. */
function filesIn(folder: string): string[] {
  const entries = [...Deno.readDirSync(new URL(encodeURI(folder), ROUTES))];
  const order = (name: string) => name.startsWith("[...") ? 2 : name.startsWith("[") ? 1 : 0;
  return entries.sort((a, b) => order(a.name) - order(b.name))
    .flatMap((entry) => entry.isDirectory ? filesIn(`${folder}${entry.name}/`) : [folder + entry.name]);
}

/** The pattern of a route file. */
function patternOf(file: string): string {
  const path = file.replace(/\.ts$/, "").replace(/(^|\/)index$/, "");
  return `/${path.replace(/\[\.\.\.(\w+)\]/g, ":$1*").replace(/\[(\w+)\]/g, ":$1")}`;
}

/** The app with the routes of the doors, no pages but `/` and `/login`. */
async function appOfDoors(): Promise<App<State>> {
  const { default: guard } = await import("@/routes/_middleware.ts");
  const app = new App<State>().use((ctx) => provideState(ctx)).use(guard);
  for (const file of ["metrics.ts", ...filesIn("ws/"), ...filesIn("api/")]) {
    const module: RouteModule = await import(new URL(encodeURI(file), ROUTES).href);
    app.all(patternOf(file), (ctx) => module.handler(ctx));
  }
  const page = (text: string) => new Response(text, { headers: { "content-type": "text/html; charset=utf-8" } });
  return app.get("/login", () => page("<h1>Log in</h1>")).get("/", () => page("<h1>Home</h1>"));
}

/** Settings of the doors. */
export interface DoorSettings {
  auth?: "on" | "off";
  metrics?: "admin" | "open";
  public_url?: string;
  origins?: string[];
  max_connections?: number;
  clock?: Clock;
  /** Requests a second of one person; no limit where it is left out. */
  rate?: number;
}
/** Doors that listen on a port of their own. */
export interface Doors {
  readonly url: string;
  readonly port: number;
  readonly fake: FakeHoldfast;
  readonly live: Live;
  close(): Promise<void>;
}

/** Opens the doors on loopback. */
export async function openDoors(settings: DoorSettings = {}): Promise<Doors> {
  const clock = settings.clock ?? systemClock;
  const hub = new LiveHub(clock);
  const fake = new FakeHoldfast(hub, clock);
  const { holdfast } = fake;
  const live = createLive({ holdfast, hub, clock, max_connections: settings.max_connections ?? 100 });
  const app = (await appOfDoors()).handler();
  let door = (_request: Request, _info: Deno.ServeHandlerInfo) => Promise.resolve(new Response("starting"));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request, info) => door(request, info));
  const { port } = server.addr;
  const origins = createOrigins({
    public_url: settings.public_url ?? null,
    origins: settings.origins ?? [],
    host: "127.0.0.1",
    port,
  });
  const config = {
    version: "0.0.0-test",
    auth: settings.auth ?? "on",
    metrics: settings.metrics ?? "admin",
    public_url: origins.own,
    isolation: "plain",
    model: "runbook",
    instance: "i1",
  } as const;
  const rate = createRate({ clock, per_second: settings.rate ?? 0 });
  door = createDoor({ app, services: { holdfast, live, rate, config }, origins, ids: holdfast.ids, clock });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    fake,
    live,
    async close() {
      await live.drain();
      await server.shutdown();
    },
  };
}
