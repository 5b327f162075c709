import { assert, assertEquals } from "@std/assert";
import { failureData, traceOf } from "../../../workers/runtime/thrown.ts";
import { Failure } from "../../../workers/sdk/mod.ts";

/** An error of which nothing can be read. */
class Mute extends Error {
  override get message(): string {
    throw new TypeError("no");
  }
  constructor() {
    super();
    Object.defineProperty(this, "stack", { get: () => assert(false) });
  }
}

Deno.test("[WK-THROWN1] whatever is thrown becomes a failure that fits a frame; reading it never throws", () => {
  const unreadable = [Object.create(null), { toString: () => Object.create(null) }, new Mute()];
  for (const thrown of unreadable) {
    assertEquals(failureData(thrown), { code: "error", message: "Something was thrown that cannot be read" });
    assertEquals(traceOf(thrown, null), undefined);
  }
  const said = (thrown: unknown) => failureData(thrown).message;
  assertEquals([null, undefined, 7, Symbol("s")].map(said), ["null", "undefined", "7", "Symbol(s)"]);
  const odd = new Failure("c", "m");
  Reflect.set(odd, "code", 7);
  Reflect.set(odd, "message", { a: 1 });
  assertEquals(failureData(odd), { code: "7", message: "[object Object]" });
  assertEquals(failureData(new Failure("x".repeat(100_000), "m")).code.length, 200);
});
