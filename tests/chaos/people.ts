// People at their devices: they start tasks, answer what they are asked, suspend, cancel, delete; whatever the server does.
//
//   P1. Every request is sent until it is answered, over any number of restarts, with the same key.
//   P2. What was acknowledged goes into the memory at once; what was not may have happened.
import { type Answered, type Asked, askUntilAnswered, Over, type Target } from "./asking.ts";
import type { Book } from "./books.ts";
import type { Logged } from "./log_rules.ts";
import type { Manner } from "./manners.ts";
import type { Known, Memory } from "./memory.ts";
import { Viewer } from "./viewer.ts";
import type { Wire } from "./wire.ts";

const FINAL = ["completed", "failed", "cancelled"];
const RESUME_MS = 150;

/** What people need. */
export interface PeopleParts {
  readonly memory: Memory;
  /** For requests: the server itself. */
  readonly target: Target;
  /** For viewers: the network. */
  readonly wire: Wire;
}

/** People at their devices. */
export class People {
  readonly #parts: PeopleParts;
  readonly #viewers: Viewer[] = [];
  readonly #busy = new Set<Promise<void>>();
  readonly #end = new AbortController();
  /** Starts that are not acknowledged yet. */
  starting = 0;

  constructor(parts: PeopleParts) {
    this.#parts = parts;
  }

  /** Requests that are not answered yet. */
  get busy(): number {
    return this.#busy.size;
  }
  /** Times that viewers connected. */
  get connections(): number {
    return this.#viewers.reduce((sum, viewer) => sum + viewer.connections, 0);
  }

  /** Starts a task and follows it; settles when the start is acknowledged. */
  start(book: Book, manner: Manner): Promise<void> {
    this.starting++;
    return this.#do("start", async () => {
      const run_id = crypto.randomUUID();
      const after = this.#parts.memory.losses;
      const body = { task: book.task, config: book.config, run_id };
      const answer = await this.#ask({ method: "POST", path: "/api/tasks", body, key: `start ${run_id}` })
        .finally(() => this.starting--);
      if (answer.status !== 202) return this.#wrong("start", answer);
      const session_id = String(answer.json["session_id"]);
      const known = this.#parts.memory.add(session_id, { run_id, book, after });
      const attendant = new Attendant(
        known,
        manner,
        (what, work) => void this.#do(what, work),
        (asked) => this.#ask(asked),
      );
      const { memory, target, wire } = this.#parts;
      for (const [i, door] of manner.doors.entries()) {
        const heard = i === 0 ? { heard: (line: string) => attendant.heard(line) } : {};
        this.#viewers.push(
          new Viewer(known, door, { memory, at: { line: wire.line(), token: target.token }, ...heard }),
        );
      }
    });
  }

  /** Deletes a session, whatever its manner says. */
  delete(known: Known): void {
    known.deleting = "asked";
    void this.#do("delete", () => deleteSession(known, (asked) => this.#ask(asked)));
  }

  /** Settles when every request is answered. */
  async quiet(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all([...this.#busy]);
  }

  /** Whether every viewer of a session that is kept has seen all of it. */
  caughtUp(): boolean {
    return this.#viewers.every((viewer) => viewer.over || viewer.cursor === viewer.known.log.length);
  }

  /** Viewers that have not seen the end, and how they stand. */
  behind(): string[] {
    const behind = this.#viewers.filter(({ over, known, cursor }) =>
      !over && (known.ended === null || cursor !== known.log.length)
    );
    return behind.map(({ standing }) => standing);
  }

  /** Everybody goes home. */
  async leave(): Promise<void> {
    this.#end.abort();
    await Promise.all(this.#viewers.map((viewer) => viewer.stop()));
    await this.quiet();
  }

  #ask(asked: Asked): Promise<Answered> {
    return askUntilAnswered(this.#parts.target, asked, this.#end.signal);
  }

  #do(what: string, work: () => Promise<void>): Promise<void> {
    const doing = work().catch((error) => {
      if (!(error instanceof Over)) this.#parts.memory.breach(what, String(error));
    });
    this.#busy.add(doing);
    return doing.finally(() => this.#busy.delete(doing));
  }

  #wrong(what: string, { status, text }: Answered): void {
    this.#parts.memory.breach(what, `answered ${status}: ${text.slice(0, 300)}`);
  }
}

/** Who attends to one session: reads its lines and does what its manner says. */
class Attendant {
  readonly #known: Known;
  readonly #manner: Manner;
  readonly #do: (what: string, work: () => Promise<void>) => void;
  readonly #ask: (asked: Asked) => Promise<Answered>;

  constructor(
    known: Known,
    manner: Manner,
    act: (what: string, work: () => Promise<void>) => void,
    ask: (asked: Asked) => Promise<Answered>,
  ) {
    this.#known = known;
    this.#manner = manner;
    this.#do = act;
    this.#ask = ask;
  }

  heard(line: string): void {
    const event = JSON.parse(line) as Logged;
    const { suspend_at, cancel_at, delete_at } = this.#manner;
    if (event.seq === suspend_at) this.#do("suspend", () => this.#suspend());
    if (event.seq === cancel_at) this.#do("cancel", () => this.#cancel());
    if (event.seq === delete_at) this.#do("delete", () => this.#delete());
    if (event.event_type === "approval_requested") this.#do("answer", () => this.#answer(event.data));
    if (event.event_type === "wait_started" && event.data["on"] === "message") {
      this.#do("say", () => this.#say(event.seq));
    }
    const { subject, status } = event.data;
    if (event.event_type === "workflow_state_changed" && subject === "run" && FINAL.includes(String(status))) {
      this.#known.ended = String(status);
    }
    if (event.event_type === "complete" && delete_at === "end") this.#do("delete", () => this.#delete());
  }

  async #answer(approval: Record<string, unknown>): Promise<void> {
    const { pause_ms, answering } = this.#manner;
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    const id = String(approval["approval_id"]);
    const { yes, no } = this.#verbs(String(approval["approval_type"]), approval["allowed"] as string[]);
    const answers = { plain: [yes], twice: [yes, yes], contrary: [yes, no], no: [no] }[answering];
    const sent = answers.map((body, i) => {
      if (body === no) this.#known.refused = true;
      return this.#ask({ method: "POST", path: `/api/approvals/${id}/resolve`, body, key: `answer ${id} ${i}` });
    });
    const heard = await Promise.all(sent);
    for (const [i, { status, json }] of heard.entries()) {
      if (status === 200) this.#acknowledged(id, String(json["resolution"]), answers[i]?.resolution ?? "");
      else if (status !== 409 && status !== 404) throw new Error(`answer ${id}: ${status}`);
    }
  }

  /** What a person who says yes, or no, says to what is allowed. */
  #verbs(type: string, allowed: readonly string[]) {
    const edit = type === "plan_approval" ? this.#known.book.edit : null;
    const no = { resolution: allowed.includes("rejected") ? "rejected" : "abort" };
    const verb = ["answered", "retry", "approved"].find((one) => allowed.includes(one)) ?? "approved";
    if (verb === "answered") return { yes: { resolution: verb, modifications: { answer: "a name" } }, no };
    if (edit && allowed.includes("modified")) return { yes: { resolution: "modified", modifications: edit }, no };
    return { yes: { resolution: verb === "retry" && allowed.includes("approved") ? "approved" : verb }, no };
  }

  /** Tells a run that waits for a message something. */
  async #say(seq: number): Promise<void> {
    const { run_id } = this.#known;
    const body = { content: `word ${seq} to ${run_id}` };
    const path = `/api/runs/${run_id}/messages`;
    const { status } = await this.#ask({ method: "POST", path, body, key: `say ${run_id} ${seq}` });
    if (status === 202) this.#known.said.add(body.content);
    else if (status !== 409 && status !== 404) throw new Error(`say to ${run_id}: ${status}`);
  }

  #acknowledged(id: string, told: string, given: string): void {
    const before = this.#known.answers.get(id);
    if (told !== given) throw new Error(`answer ${id}: ${given} was acknowledged as ${told}`);
    if (before !== undefined && before !== told) {
      throw new Error(`answer ${id}: ${before} and ${told} were acknowledged`);
    }
    this.#known.answers.set(id, told);
    if (told === "modified") this.#known.edited = true;
  }

  async #suspend(): Promise<void> {
    const { session_id } = this.#known;
    const now = session_id.charCodeAt(0) % 2 === 0;
    // At once gives the attempt up that is at work: it may begin again, like after a kill.
    if (now) this.#known.losses++;
    const path = `/api/sessions/${session_id}`;
    await this.#ask({ method: "POST", path: `${path}/suspend`, body: { now }, key: `suspend ${session_id}` });
    await new Promise((resolve) => setTimeout(resolve, RESUME_MS));
    // A suspension that was asked takes until the step's boundary; until then a resume takes it back.
    await this.#ask({ method: "POST", path: `${path}/resume`, body: {}, key: `resume ${session_id}` });
  }

  async #cancel(): Promise<void> {
    const { run_id } = this.#known;
    this.#known.refused = true;
    await this.#ask({ method: "POST", path: `/api/runs/${run_id}/cancel`, body: {}, key: `cancel ${run_id}` });
  }

  async #delete(): Promise<void> {
    if (this.#known.deleting === "no") await deleteSession(this.#known, this.#ask);
  }
}

async function deleteSession(known: Known, ask: (asked: Asked) => Promise<Answered>): Promise<void> {
  const { session_id } = known;
  known.deleting = "asked";
  const { status, repeated } = await ask({ method: "DELETE", path: `/api/sessions/${session_id}` });
  if (status !== 204 && !(status === 404 && repeated)) throw new Error(`delete ${session_id}: ${status}`);
  known.deleting = "acknowledged";
}
