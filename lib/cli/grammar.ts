// The grammar of the command line: what may be typed, and the typed value it becomes.
//
// Owns words, flags and their help texts. Leaves to the other files of lib/cli what each command does.
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { object, or } from "@optique/core/constructs";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import { integer, keyValue, string } from "@optique/core/valueparser";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";

const json = { json: option("--json", { description: message`One JSON document, or NDJSON for streams.` }) };
const id = (metavar: "SESSION" | "RUN" | "APPROVAL" | "ANSWER") => argument(string({ metavar }));
/** One or several sessions. */
const ids = () => multiple(argument(string({ metavar: "SESSION" })), { min: 1, max: 200 });

const run = command(
  "run",
  object({
    do: constant("run"),
    task: argument(string({ metavar: "TASK" }), { description: message`The task, or a file that holds it.` }),
    mode: withDefault(
      option("--mode", "-m", string({ metavar: "MODE" }), { description: message`Which workflow runs it.` }),
      "one-shot",
    ),
    set: multiple(
      option("--set", keyValue(), { description: message`A config key and its value, JSON or text.` }),
    ),
    file: multiple(option("--file", string({ metavar: "PATH" }), { description: message`Uploads an input file.` })),
    name: optional(option("--name", string({ metavar: "NAME" }), { description: message`Name of the session.` })),
    detach: option("--detach", { description: message`Starts it and returns.` }),
    approveAll: option("--approve-all", { description: message`Answers yes to every approval.` }),
    ...json,
  }),
  { description: message`Starts a task, follows it and asks its approvals here.` },
);

const sessionList = object({
  do: constant("sessions list"),
  status: optional(option("--status", string({ metavar: "STATUS" }))),
  q: optional(option("--q", string({ metavar: "TEXT" }))),
  limit: withDefault(option("--limit", integer({ min: 1, max: 200 })), 50),
  ...json,
});
/** `sessions` alone: the parser sees nothing to consume, so the value stands here. */
const NO_SESSION_FILTER = { do: "sessions list", status: undefined, q: undefined, limit: 50, json: false } as const;

const sessions = command(
  "sessions",
  withDefault(
    or(
      command("show", object({ do: constant("sessions show"), id: id("SESSION"), ...json })),
      command(
        "suspend",
        object({ do: constant("sessions suspend"), ids: ids(), now: option("--now"), ...json }),
      ),
      command("resume", object({ do: constant("sessions resume"), ids: ids(), ...json })),
      command("delete", object({ do: constant("sessions delete"), ids: ids(), yes: option("--yes"), ...json })),
      command("export", object({ do: constant("sessions export"), id: id("SESSION") })),
      command("grants", object({ do: constant("sessions grants"), id: id("SESSION"), ...json })),
      command(
        "take-back",
        object({ do: constant("sessions take-back"), id: id("SESSION"), answer: id("ANSWER"), ...json }),
      ),
      command("list", sessionList),
      sessionList,
    ),
    NO_SESSION_FILTER,
  ),
  {
    description:
      message`Lists sessions; show, suspend, resume, delete, export; grants and take-back for standing answers.`,
  },
);

const approving = {
  session: option("--session", { description: message`Allows it for the whole session: not asked again in it.` }),
  as: optional(option("--as", string({ metavar: "VERB" }), { description: message`One of the answers it allows.` })),
  ...feedback(),
};
const rejecting = {
  always: option("--always", { description: message`Never in this session: nobody is asked again.` }),
  as: optional(option("--as", string({ metavar: "VERB" }), { description: message`One of the answers it allows.` })),
  ...feedback(),
};
const editing = { do: constant("approvals edit"), id: id("APPROVAL"), ...feedback(), ...json };
const approvalList = object({ do: constant("approvals list"), ...json });
const approvals = command(
  "approvals",
  withDefault(
    or(
      command("approve", object({ do: constant("approvals approve"), id: id("APPROVAL"), ...approving, ...json })),
      command("reject", object({ do: constant("approvals reject"), id: id("APPROVAL"), ...rejecting, ...json })),
      command(
        "edit",
        object({ ...editing, with: optional(fileOption()), set: fieldOptions() }),
      ),
      command("list", approvalList),
      approvalList,
    ),
    { do: "approvals list", json: false } as const,
  ),
  { description: message`Lists what needs you; approve, reject, edit.` },
);

function fileOption() {
  return option("--with", string({ metavar: "FILE" }), {
    description: message`JSON file with the changed subject; - for standard input.`,
  });
}

function fieldOptions() {
  const description = message`A field of the subject and its new value, as raise_to=5.`;
  return multiple(option("--set", keyValue(), { description }));
}

function feedback() {
  return { feedback: optional(option("--feedback", string({ metavar: "TEXT" }))) };
}

const tokenList = object({ do: constant("token list"), ...json });
const token = command(
  "token",
  withDefault(
    or(
      command(
        "create",
        object({
          do: constant("token create"),
          label: argument(string({ metavar: "LABEL" }), { description: message`What it is for.` }),
          user: optional(
            option("--user", string({ metavar: "ID" }), { description: message`Whose it is; yours else.` }),
          ),
          name: optional(option("--name", string({ metavar: "NAME" }), { description: message`Name of that person.` })),
          admin: option("--admin", { description: message`Sees and changes everything.` }),
          days: optional(option("--days", integer({ min: 1, max: 3650 }), { description: message`Ends by itself.` })),
          ...json,
        }),
      ),
      command("revoke", object({ do: constant("token revoke"), id: argument(string({ metavar: "TOKEN" })), ...json })),
      command("list", tokenList),
      tokenList,
    ),
    { do: "token list", json: false } as const,
  ),
  { description: message`Lists tokens; create, revoke.` },
);

/** Everything that may be typed. */
export const grammar = or(
  run,
  sessions,
  command(
    "watch",
    object({
      do: constant("watch"),
      id: id("SESSION"),
      after: optional(option("--after", integer({ min: 0 }))),
      ...json,
    }),
    {
      description: message`Follows a session: all of its log, then live.`,
    },
  ),
  approvals,
  command("cancel", object({ do: constant("cancel"), id: id("RUN"), ...json }), {
    description: message`Cancels a run.`,
  }),
  command(
    "retry",
    object({
      do: constant("retry"),
      id: id("RUN"),
      from: optional(option("--from", string({ metavar: "STEP" }))),
      set: multiple(option("--set", keyValue(), { description: message`A config key with another value.` })),
      ...json,
    }),
    { description: message`Runs it again, keeping the finished steps before --from.` },
  ),
  token,
  command("login", object({ do: constant("login"), token: flagToken() }), {
    description: message`Checks a token and keeps it for the next commands.`,
  }),
  command(
    "drill",
    object({
      do: constant("drill"),
      folder: optional(
        option("--data", string({ metavar: "FOLDER" }), {
          description: message`Where the drill's own server keeps its data, so that it is on that disk.`,
        }),
      ),
      pid: optional(
        option("--pid", integer({ min: 2 }), {
          description: message`Kills this process, the server of this host, which something must start again.`,
        }),
      ),
      ...json,
    }),
    { description: message`Kills a server with kill -9 in front of you, and says what it cost.` },
  ),
  command("doctor", object({ do: constant("doctor"), ...json }), {
    description: message`Looks at the server and at this machine, and says what to mend.`,
  }),
);

function flagToken() {
  return optional(flag("--stdin", { description: message`Reads the token from standard input.` }));
}

/** A command line that was understood. */
export type CommandLine = InferValue<typeof grammar>;
/** The command line of one command. */
export type Line<D extends CommandLine["do"]> = Extract<CommandLine, { do: D }>;
