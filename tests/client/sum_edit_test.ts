import { assertEquals } from "@std/assert";
import { isOtherSum, sumComplaint, sumEditOf, sumModifications, sumWords } from "@/lib/client/sum_edit.ts";
import { sampleApproval } from "./samples.ts";

const asking = (unit: "usd" | "tokens", bounds: { minimum: number; maximum: number }) =>
  sampleApproval({
    approval_type: "permission",
    allowed: ["approved", "rejected"],
    context: { right: "budget", unit, limit: 1, raise_to: 2 },
    modifications_schema: { type: "object", properties: { raise_to: { type: "number", ...bounds } } },
  });
const usd = sumEditOf(asking("usd", { minimum: 1.41, maximum: 100_000 }));

Deno.test("[SE1] the sum of a budget is read with its bounds; other questions have none", () => {
  assertEquals(usd, { unit: "usd", limit: 1, proposed: 2, least: 1.41, most: 100_000 });
  assertEquals(sumEditOf({ context: { right: "budget", unit: "usd", limit: 1, raise_to: 2 } }), null);
  assertEquals(sumEditOf(sampleApproval({ context: { right: "net", host: "a.example.com" } })), null);
  assertEquals([sumWords("usd", 100_000), sumWords("usd", 1.41), sumWords("tokens", 2400)], [
    "$100,000",
    "$1.41",
    "2,400 tokens",
  ]);
});

Deno.test("[SE2] what does not fit is said in the unit; what is sent is a number", () => {
  if (usd === null) throw new Error("no sum");
  const said = ["", "abc", "-3", "1e3", "1.4", "100001", "1.41", "$3.50", " 3 "].map((text) => sumComplaint(usd, text));
  const none = "The new limit is not a number";
  const little = "Too little for the next call: at least $1.41";
  assertEquals(said, [none, none, none, none, little, "Too much: at most $100,000", null, null, null]);
  const tokens = { ...usd, unit: "tokens" as const, least: 240 };
  assertEquals(sumComplaint(tokens, "240.5"), "Tokens are whole: leave the fraction out");
  assertEquals(["2", "2.00", "", "3"].map((text) => isOtherSum(usd, text)), [false, false, true, true]);
  assertEquals(["$3.50", "2.00"].map((text) => sumModifications(usd, text)), [{ raise_to: 3.5 }, undefined]);
});
