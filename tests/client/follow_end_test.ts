import { assertEquals } from "@std/assert";
import { followsAfter } from "@/lib/client/follow_end.ts";

const pane = (scrollTop: number, scrollHeight = 1000) => ({ scrollTop, scrollHeight, clientHeight: 200 });

Deno.test("[FE1] going up stops following, the end begins it again, all else says nothing", () => {
  assertEquals(followsAfter(pane(800), pane(700)), false);
  assertEquals(followsAfter(pane(100), pane(800)), true);
  assertEquals(followsAfter(pane(800), pane(790)), true);
  assertEquals(followsAfter(pane(100), pane(300)), null);
});

Deno.test("[FE1] a pane that grows or shrinks by itself stops nothing", () => {
  assertEquals(followsAfter(pane(800), pane(800, 1400)), null);
  assertEquals(followsAfter(pane(1200, 1400), pane(700, 1000)), null);
  assertEquals(followsAfter(pane(1200, 1400), pane(800, 1000)), true);
});
