// The figures of the top bar, live: one subscription that every island of the page reads.
//
// A page renders with the server's own figures; `pulseNow` is null until the first frame came.
import { signal } from "@preact/signals";
import type { JsonObject } from "../model/json.ts";
import { Pulse } from "../protocol/rest.ts";
import { pageLine } from "./line.ts";

/** The last figures that came over the line; null before the first. */
export const pulseNow = signal<Pulse | null>(null);

/** The figures that a frame of the topic `pulse` brings; null for what brings none. */
export function pulseOf(data: JsonObject): Pulse | null {
  const items = Array.isArray(data["items"]) ? data["items"] : [data["item"]];
  return Pulse.safeParse(items[0]).data ?? null;
}

/** Follows the figures; the result ends it. */
export function followPulse(): () => void {
  return pageLine().subscribe("pulse", 0, {
    frame: ({ data }) => void (pulseNow.value = pulseOf(data) ?? pulseNow.peek()),
  });
}
