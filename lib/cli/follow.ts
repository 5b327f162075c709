// Follows a session on the terminal: its log, then live, with its approvals asked here.
//
// Owns the end: `complete` of the run that is followed, a deleted session, Ctrl+C, or an approval with nobody to ask.
import type { Api } from "../client/api.ts";
import { type LineState, LiveClient } from "../client/live.ts";
import type { EventEnvelope } from "../model/event.ts";
import type { Approval } from "../protocol/rest.ts";
import { type AnswerBody, askAnswer, howToAnswer, sendAnswer, showApproval, yesOf } from "./answer.ts";
import type { Surroundings } from "./environment.ts";
import { eventLine } from "./event_lines.ts";
import { err, EXIT, Exit, harmless, out, painter } from "./terminal.ts";

/** What is followed and how. */
export interface FollowOptions {
  here: Surroundings;
  api: Api;
  session_id: string;
  /** Ends with this run; without it, with Ctrl+C only. */
  run_id?: string;
  after?: number;
  json: boolean;
  /** prompt: ask here; yes: approve all; exit: end with exit code 3; watch: only show. */
  approvals: "prompt" | "yes" | "exit" | "watch";
}

/** Retries of one failed step that --approve-all grants: a program that always fails would spend money for ever. */
const MOST_RETRIES = 3;

/** Follows until the end; gives the exit code. */
export async function follow(options: FollowOptions): Promise<number> {
  const following = new Following(options);
  return await following.run();
}

class Following {
  readonly #options: FollowOptions;
  readonly #paint;
  readonly #end = Promise.withResolvers<number>();
  /** Prompts that are open or wait for their turn, by approval_id. */
  readonly #asked = new Map<string, AbortController>();
  /** How often each failed step was tried again by --approve-all. */
  readonly #retries = new Map<string, number>();
  #turn: Promise<void> = Promise.resolve();
  /** The last event that was shown, and the phase it stood in. */
  #seq = 0;
  #phase = "";

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#paint = painter(options.here.colour && !options.json);
  }

  async run(): Promise<number> {
    const { here, session_id } = this.#options;
    const url = new URL("/ws", here.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const client = new LiveClient({
      url: url.href,
      ...(here.token === undefined ? {} : { token: here.token }),
      onState: (state) => this.#state(state),
    });
    client.subscribe(`session:${session_id}`, this.#options.after ?? 0, {
      events: (events) => events.forEach((event) => this.#event(event)),
      frame: (frame) => frame.event_type === "error" && this.#gone(`${frame.data["message"] ?? "gone"}`),
    });
    const interrupt = () => this.#interrupt();
    Deno.addSignalListener("SIGINT", interrupt);
    client.connect();
    try {
      return await this.#end.promise;
    } finally {
      Deno.removeSignalListener("SIGINT", interrupt);
      for (const prompt of this.#asked.values()) prompt.abort();
      client.close();
    }
  }

  #state(state: LineState): void {
    if (state.state === "offline" && state.attempt === 1) {
      err(this.#paint("yellow", "not connected; trying again by itself"));
    }
    if (state.state === "refused") {
      err(`The server refused the connection: ${harmless(state.reason)}`);
      this.#end.resolve(EXIT.needs_person);
    }
  }

  #gone(message: string): void {
    err(harmless(message));
    this.#end.resolve(EXIT.failed);
  }

  #event(event: EventEnvelope): void {
    this.#seq = event.seq;
    if (this.#options.json) out(JSON.stringify(event));
    else if (!this.#isSaidElsewhere(event)) {
      const line = eventLine(event, this.#paint);
      if (line !== null) out(line);
    }
    if (event.event_type === "approval_requested") this.#approval(`${event.data["approval_id"]}`);
    if (/^approval_(received|expired|cancelled)$/.test(event.event_type)) {
      this.#asked.get(`${event.data["approval_id"]}`)?.abort();
    }
    if (event.event_type === "complete" && event.run_id === this.#options.run_id) {
      this.#end.resolve(event.data["status"] === "success" ? EXIT.done : EXIT.failed);
    }
  }

  /** A question that is asked here stands above its answers; a phase stands where it begins. */
  #isSaidElsewhere({ event_type, data }: EventEnvelope): boolean {
    if (event_type === "approval_requested") return /^(prompt|exit)$/.test(this.#options.approvals);
    if (event_type !== "phase_change") return false;
    const phase = `${data["phase"]}`;
    const same = phase === this.#phase;
    this.#phase = phase;
    return same;
  }

  #approval(approval_id: string): void {
    if (this.#options.approvals === "watch" || this.#asked.has(approval_id)) return;
    const abort = new AbortController();
    this.#asked.set(approval_id, abort);
    this.#turn = this.#turn.then(() => this.#answer(approval_id, abort.signal)).catch((error) => {
      if (error instanceof Exit && error.code === EXIT.interrupted) this.#interrupt();
      else this.#end.reject(error);
    });
  }

  /** One approval at a time; those answered in the log already (a late join) are not asked. */
  async #answer(approval_id: string, signal: AbortSignal): Promise<void> {
    const { api, approvals } = this.#options;
    if (signal.aborted) return;
    for (;;) {
      const approval = await api.approval(approval_id);
      if (approval.status !== "pending" || signal.aborted) return;
      const yes = this.#yes(approval);
      if (yes !== null) {
        if (await sendAnswer(api, approval, yes)) return;
      }
      if (approvals !== "prompt") {
        if (!this.#options.json) showApproval(approval, this.#paint);
        err(`It needs a person. ${howToAnswer(approval)}`);
        return this.#end.resolve(EXIT.needs_person);
      }
      showApproval(approval, this.#paint);
      const answer = await askAnswer(approval, signal);
      if (answer === null || await sendAnswer(api, approval, answer)) return;
    }
  }

  /** The yes of --approve-all; null where it has none, or has tried a failing step again often enough. */
  #yes(approval: Approval): AnswerBody | null {
    const yes = this.#options.approvals === "yes" ? yesOf(approval) : null;
    if (yes?.resolution !== "retry") return yes;
    const step = approval.step_id.replace(/#\d+$/, "");
    const retries = (this.#retries.get(step) ?? 0) + 1;
    this.#retries.set(step, retries);
    return retries > MOST_RETRIES ? null : yes;
  }

  #interrupt(): void {
    const { session_id, run_id } = this.#options;
    const goesOn = run_id === undefined ? "" : "The run goes on. ";
    err(`\n${goesOn}Watch it: deno task cli watch ${session_id} --after ${this.#seq}`);
    if (run_id !== undefined) err(`Cancel it: deno task cli cancel ${run_id}`);
    this.#end.resolve(EXIT.interrupted);
  }
}
