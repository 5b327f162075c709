// Faults that are planted into the service to see whether histories find them.
import type { SessionState } from "@/lib/engine/state.ts";
import type { Verdict, Writer } from "@/lib/store/writer/types.ts";

/** `resume_completed`: resuming takes a completed session too. `keeps_questions`: a cancel leaves questions open. */
export type Plant = "resume_completed" | "keeps_questions" | "loses_version";

/** Stands between the service and its writer. */
export class Tamper {
  readonly #plant: Plant | null;
  readonly #resuming = new Set<string>();

  constructor(plant: Plant | null) {
    this.#plant = plant;
  }

  /** Notes that a session is being told something. */
  async during<T>(what: "resume", session_id: string, work: () => Promise<T>): Promise<T> {
    if (what === "resume") this.#resuming.add(session_id);
    return await work().finally(() => this.#resuming.delete(session_id));
  }

  /** The writer as the service is given it. */
  readonly writer = (writer: Writer<SessionState>): Writer<SessionState> => {
    if (this.#plant === null) return writer;
    const submit: Writer<SessionState>["submit"] = (submission) =>
      writer.submit({
        ...submission,
        decide: (input) => {
          const state = this.#sees(submission.session_id, input.state);
          return this.#says(submission.decide({ ...input, state }), input.state);
        },
      });
    return new Proxy(writer, {
      get(target, name) {
        if (name === "submit") return submit;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };

  #sees(session_id: string, state: SessionState): SessionState {
    const taken = this.#plant === "resume_completed" && this.#resuming.has(session_id);
    if (!taken || state.session?.status !== "completed") return state;
    return { ...state, session: { ...state.session, status: "suspended" } };
  }

  #says<R>(verdict: Verdict<SessionState, R>, before: SessionState): Verdict<SessionState, R> {
    if (!verdict.commit) return verdict;
    const { state } = verdict;
    if (this.#plant === "keeps_questions" && state.run?.status === "cancelled") {
      return { ...verdict, state: { ...state, approvals: before.approvals } };
    }
    if (this.#plant === "loses_version" && state.session !== null && before.session !== null) {
      return { ...verdict, state: { ...state, session: { ...state.session, version: before.session.version } } };
    }
    return verdict;
  }
}
