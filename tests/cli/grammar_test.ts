import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parse } from "@optique/core/parser";
import { grammar } from "@/lib/cli/grammar.ts";
import { settings } from "@/lib/cli/run_command.ts";

const read = (...args: string[]) => {
  const result = parse(grammar, args);
  return result.success ? result.value : null;
};
const id = "7b0d0a52-1f0f-4a0e-8f2c-2f6f3f7a1c01";
const RUN = { mode: "one-shot", set: [], file: [], name: undefined, detach: false, approveAll: false, json: false };
const LIST = { do: "sessions list" as const, status: undefined, q: undefined, limit: 50, json: false };

Deno.test("[GR1] run takes a task and every flag of the contract, in any place", () => {
  assertEquals(read("run", "do it"), { do: "run", task: "do it", ...RUN });
  const line = read(
    ..."run --mode planning-control do --set maxRounds=3 --set a=b=c --file x.csv --file y/z.md".split(" "),
    ...["--name", "My run", "--detach", "--approve-all", "--json"],
  );
  assertEquals(line, {
    do: "run",
    task: "do",
    mode: "planning-control",
    set: [["maxRounds", "3"], ["a", "b=c"]],
    file: ["x.csv", "y/z.md"],
    name: "My run",
    detach: true,
    approveAll: true,
    json: true,
  });
  assertEquals(read("run", "-m", "copilot", "x"), { do: "run", task: "x", ...RUN, mode: "copilot" });
  assertEquals(read("run", "--", "--not-a-flag"), { do: "run", task: "--not-a-flag", ...RUN });
});

Deno.test("[GR1] sessions alone lists, and takes the flags of the list", () => {
  assertEquals(read("sessions"), LIST);
  assertEquals(read("sessions", "list"), LIST);
  assertEquals(read("sessions", "--json"), { ...LIST, json: true });
  const filtered = { ...LIST, status: "failed", q: "ice", limit: 200 };
  for (const word of [[], ["list"]]) {
    assertEquals(read("sessions", ...word, "--status", "failed", "--q", "ice", "--limit", "200"), filtered);
  }
});

Deno.test("[GR1] sessions show and export take an id, suspend, resume and delete one or several", () => {
  assertEquals(read("sessions", "show", id), { do: "sessions show", id, json: false });
  assertEquals(read("sessions", "suspend", id, "--now"), { do: "sessions suspend", ids: [id], now: true, json: false });
  assertEquals(read("sessions", "resume", "--json", id), { do: "sessions resume", ids: [id], json: true });
  assertEquals(read("sessions", "delete", id, "--yes"), { do: "sessions delete", ids: [id], yes: true, json: false });
  assertEquals(read("sessions", "delete", id, "b", "c"), {
    do: "sessions delete",
    ids: [id, "b", "c"],
    yes: false,
    json: false,
  });
  assertEquals(read("sessions", "export", id), { do: "sessions export", id });
  assertEquals(read("sessions", "grants", id), { do: "sessions grants", id, json: false });
  assertEquals(read("sessions", "take-back", id, "b"), { do: "sessions take-back", id, answer: "b", json: false });
});

Deno.test("[GR1] approvals alone lists; approve, reject and edit take an id and what was thought", () => {
  assertEquals(read("approvals"), { do: "approvals list", json: false });
  assertEquals(read("approvals", "list", "--json"), { do: "approvals list", json: true });
  assertEquals(read("approvals", "approve", id), {
    do: "approvals approve",
    id,
    session: false,
    as: undefined,
    feedback: undefined,
    json: false,
  });
  assertEquals(read("approvals", "reject", id, "--feedback", "no"), {
    do: "approvals reject",
    always: false,
    as: undefined,
    id,
    feedback: "no",
    json: false,
  });
  assertEquals(read("approvals", "edit", id, "--with", "-"), {
    do: "approvals edit",
    id,
    with: "-",
    set: [],
    feedback: undefined,
    json: false,
  });
  assertEquals(read("approvals", "edit", id, "--set", "raise_to=5"), {
    do: "approvals edit",
    id,
    with: undefined,
    set: [["raise_to", "5"]],
    feedback: undefined,
    json: false,
  });
});

Deno.test("[GR1] token alone lists; create takes whose it is and how long, revoke an id", () => {
  assertEquals(read("token"), { do: "token list", json: false });
  assertEquals(read("token", "list", "--json"), { do: "token list", json: true });
  const made = {
    do: "token create",
    label: "laptop",
    user: undefined,
    name: undefined,
    admin: false,
    days: undefined,
  } as const;
  assertEquals(read("token", "create", "laptop"), { ...made, json: false });
  assertEquals(read("token", "create", "ci", "--user", "anna", "--name", "Anna", "--admin", "--days", "7", "--json"), {
    do: "token create",
    label: "ci",
    user: "anna",
    name: "Anna",
    admin: true,
    days: 7,
    json: true,
  });
  assertEquals(read("token", "revoke", id), { do: "token revoke", id, json: false });
});

Deno.test("[GR1] watch, cancel, retry, login and doctor", () => {
  assertEquals(read("watch", id, "--after", "0"), { do: "watch", id, after: 0, json: false });
  assertEquals(read("cancel", "my-run"), { do: "cancel", id: "my-run", json: false });
  assertEquals(read("retry", "my-run", "--from", "step-2"), {
    do: "retry",
    id: "my-run",
    from: "step-2",
    set: [],
    json: false,
  });
  assertEquals(read("login"), { do: "login", token: undefined });
  assertEquals(read("login", "--stdin"), { do: "login", token: true });
  assertEquals(read("doctor", "--json"), { do: "doctor", json: true });
});

Deno.test("[GR2] what is not in the grammar is refused: words, flags, what is missing, what is too much", () => {
  const wrong = [
    "",
    "nope",
    "run",
    "run a b",
    "run a --nope",
    "run a --mode",
    "run a --set novalue",
    "run a --set =x",
    "run a --file",
    "sessions nope",
    "sessions show",
    "sessions show a b",
    "sessions --nope",
    "sessions list --limit 0",
    "sessions list --limit 201",
    "sessions list --limit x",
    "sessions export a --json",
    "approvals edit",
    "approvals edit a --set novalue",
    "approvals approve",
    "approvals approve a --with f",
    "watch",
    "watch a --after -1",
    "watch a --after 1.5",
    "cancel",
    "retry a --from",
    "login --token x",
    "doctor --fast",
    "--json",
  ];
  for (const line of wrong) assertEquals(read(...line.split(" ").filter((word) => word !== "")), null, line);
});

Deno.test("[GR2] no words at all make the parser throw, and what it takes is a command", () => {
  const word = fc.oneof(
    fc.constantFrom("run", "sessions", "list", "show", "approvals", "edit", "watch", "cancel", "login", "doctor", "--"),
    fc.constantFrom(
      "--json",
      "--set",
      "a=b",
      "--limit",
      "5",
      "-m",
      "--with=x",
      "--after=1",
      "",
      "-",
      "--=",
      "=",
      "x y",
    ),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const line = read(...words);
      if (line !== null) assert(words.includes(line.do.split(" ")[0] ?? ""));
    }),
    { seed: 7 },
  );
});

Deno.test("[GR3] a value of --set is JSON where it is any, else text", () => {
  const pairs = { a: "3", b: "true", c: '{"read":["/x"]}', d: "after_planning", e: "", f: "[1", g: "null", h: '"3"' };
  assertEquals(settings(Object.entries(pairs)), {
    a: 3,
    b: true,
    c: { read: ["/x"] },
    d: "after_planning",
    e: "",
    f: "[1",
    g: null,
    h: "3",
  });
  assertEquals(Object.keys(settings([["__proto__", "1"]])), ["__proto__"]);
});
