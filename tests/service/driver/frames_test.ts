import { assertEquals } from "@std/assert";
import { Frames, type FramesParts } from "@/lib/service/driver/frames.ts";

Deno.test("[FRAME1] while the writer is far behind, the answer to a frame stops the reading until all is heard", async () => {
  const heard = Promise.withResolvers<void>();
  let behind = false;
  const parts = {
    session_id: "s",
    run_id: "r",
    voice: { say: () => heard.promise, quiet: () => heard.promise },
    begins: {},
    leaves: {},
    folders: {},
    signal: new AbortController().signal,
    send: () => {},
    behind: () => behind,
    exceeded: () => {},
  } as unknown as FramesParts;
  const frames = new Frames(parts);
  const item = {
    scope: "",
    place: { leaves: 0, counter: 1 },
    say: { what: "print" as const, stream: "print" as const, message: "m" },
  };
  const said = { type: "said" as const, items: [item] };
  assertEquals(frames.take(said), undefined, "it reads on");
  behind = true;
  let over = false;
  const stopped = Promise.resolve(frames.take(said)).then(() => over = true);
  await new Promise<void>((resolve) => void setImmediate(resolve));
  assertEquals(over, false);
  heard.resolve();
  await stopped;
});
