// The command line's entry: reads the words, does the command, gives the exit code.
//
// Exit codes: 0 done, 1 the task failed, 2 wrong usage, 3 refused or needs a person, 4 server not reachable, 130
// interrupted.
import { run } from "@optique/run";
import { ClientError } from "../client/api.ts";
import { refusal } from "./answer.ts";
import {
  answerApproval,
  changeRun,
  changeSessions,
  exportSession,
  listApprovals,
  listGrants,
  listSessions,
  showSession,
  takeBack,
} from "./commands.ts";
import { doctor, login } from "./doctor.ts";
import { drill } from "./drill/drill.ts";
import { apiFor, type Surroundings, surroundings } from "./environment.ts";
import { follow } from "./follow.ts";
import { type CommandLine, grammar } from "./grammar.ts";
import { runCommand } from "./run_command.ts";
import { tokens } from "./token_commands.ts";
import { err, EXIT, Exit, harmless, out } from "./terminal.ts";

async function dispatch(line: CommandLine, here: Surroundings): Promise<number> {
  const api = apiFor(here);
  switch (line.do) {
    case "run":
      return await runCommand(line, here, api);
    case "watch": {
      const after = line.after === undefined ? {} : { after: line.after };
      await api.session(line.id);
      return await follow({ here, api, session_id: line.id, json: line.json, approvals: "watch", ...after });
    }
    case "sessions list":
      return await listSessions(line, api);
    case "sessions show":
      return await showSession(line, api);
    case "sessions grants":
      return await listGrants(line, api);
    case "sessions take-back":
      return await takeBack(line, api);
    case "sessions suspend":
    case "sessions resume":
    case "sessions delete":
      return await changeSessions(line, api);
    case "sessions export":
      return await exportSession(line, api);
    case "approvals list":
      return await listApprovals(line, api);
    case "approvals approve":
    case "approvals reject":
    case "approvals edit":
      return await answerApproval(line, api);
    case "cancel":
    case "retry":
      return await changeRun(line, api);
    case "token create":
    case "token list":
    case "token revoke":
      return await tokens(line, api);
    case "login":
      return await login(line, here);
    case "drill":
      return await drill(line, here);
    case "doctor":
      return await doctor(line, here, api);
    default:
      return line satisfies never;
  }
}

/** Says an error and gives its exit code. */
function failed(error: unknown): number {
  if (error instanceof Exit) {
    if (error.message) err(error.message);
    return error.code;
  }
  if (!(error instanceof ClientError)) throw error;
  if (error.code === "unreachable") {
    err(`${harmless(error.message)}\nStart it: deno task start`);
    return EXIT.unreachable;
  }
  err(refusal(error));
  if (error.status === 401) err("Give a token: HOLDFAST_TOKEN=… or deno task cli login");
  return error.status === 422 || error.status === 400 ? EXIT.usage : EXIT.needs_person;
}

/** Runs the command line in its surroundings; gives the exit code. */
export async function main(args: readonly string[], look: () => Promise<Surroundings> = surroundings): Promise<number> {
  try {
    const line = run(grammar, {
      programName: "holdfast",
      args,
      help: "both",
      stdout: out,
      stderr: err,
      onExit: (code) => {
        throw new Exit(code === 0 ? EXIT.done : EXIT.usage);
      },
    });
    return await dispatch(line, await look());
  } catch (error) {
    return failed(error);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
