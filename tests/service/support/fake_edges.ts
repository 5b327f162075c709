// The other edges of the service: models by script, folders in memory, ids in order, a hub that remembers.
import { AppError } from "@/lib/model/error.ts";
import type { ModelArgs, ModelResult } from "@/lib/protocol/sandbox.ts";
import type {
  Committed,
  Fetched,
  FetchOrder,
  FileInfo,
  FolderFile,
  Folders,
  Hub,
  Ids,
  Models,
  ModelSink,
  Reach,
} from "@/lib/service/ports.ts";
import { notAskable, targetOf } from "@/lib/model/host_name.ts";
import { sha256 } from "@/lib/store/digest.ts";
import type { FakeClock } from "./fake_clock.ts";

/** Ids that count up and are still UUIDs; `seed` keeps those of two instances apart. */
export class CountingIds implements Ids {
  #n = 0;
  constructor(readonly seed: number) {}
  uuid = (): string => {
    const n = (++this.#n).toString(16).padStart(12, "0");
    return `${this.seed.toString(16).padStart(8, "0")}-0000-4000-8000-${n}`;
  };
  token = (characters: number): string => `t${this.seed}n${++this.#n}_`.padEnd(characters, "x").slice(0, characters);
}

/** How a model answers. */
export type Turn = (args: ModelArgs, sink: ModelSink, signal: AbortSignal) => Promise<Partial<ModelResult>>;

/** A model by script. */
export class FakeModels implements Models {
  readonly model = "fake";
  readonly asked: ModelArgs[] = [];
  gone = false;
  answer: Turn = (args) => Promise.resolve({ text: `answer of ${args.agent}` });

  turn = async (args: ModelArgs, sink: ModelSink, signal: AbortSignal): Promise<ModelResult> => {
    if (this.gone) return await new Promise<ModelResult>(() => {});
    this.asked.push(args);
    const given = await this.answer(args, sink, signal);
    if (this.gone) return await new Promise<ModelResult>(() => {});
    return { text: "", calls: [], finish: "stop", output: null, usage: NO_USAGE, ...given };
  };
}

/** A turn that used nothing. */
export const NO_USAGE: ModelResult["usage"] = {
  input_tokens: 0,
  output_tokens: 0,
  cached_input_tokens: 0,
  cost_usd: 0,
  limit_tokens: null,
  model: "fake",
};

/** Folders in memory; they outlive a server. */
export class FakeFolders implements Folders {
  readonly files = new Map<string, Map<string, { bytes: Uint8Array; modified_ms: number }>>();
  constructor(readonly clock: FakeClock) {}

  #of(session_id: string): Map<string, { bytes: Uint8Array; modified_ms: number }> {
    const files = this.files.get(session_id) ?? new Map<string, { bytes: Uint8Array; modified_ms: number }>();
    this.files.set(session_id, files);
    return files;
  }
  list = (): Promise<string[]> => Promise.resolve([...this.files.keys()]);
  ensure = (session_id: string): Promise<void> => Promise.resolve(void this.#of(session_id));
  scan = (session_id: string): Promise<FileInfo[]> =>
    Promise.resolve([...this.#of(session_id).keys()].sort().map((path) => this.#info(session_id, path)));
  open = (session_id: string, path: string): Promise<{ info: FileInfo; stream: ReadableStream<Uint8Array> }> => {
    const file = this.#of(session_id).get(path);
    if (file === undefined) {
      return Promise.reject(new AppError("not_found", `Cannot open file "${path}": no such file`));
    }
    return Promise.resolve({ info: this.#info(session_id, path), stream: new Blob([file.bytes.slice()]).stream() });
  };
  contents = (session_id: string): Promise<FolderFile[]> =>
    Promise.resolve(
      [...this.#of(session_id).keys()].sort().map((path) => ({
        ...this.#info(session_id, path),
        open: async () => (await this.open(session_id, path)).stream,
      })),
    );
  write = async (
    session_id: string,
    path: string,
    content: ReadableStream<Uint8Array> | Uint8Array,
  ): Promise<FileInfo> => {
    const bytes = content instanceof Uint8Array ? content : new Uint8Array(await new Response(content).arrayBuffer());
    this.put(session_id, path, bytes);
    return this.#info(session_id, path);
  };
  drop = (session_id: string, path: string): Promise<void> => Promise.resolve(void this.#of(session_id).delete(path));
  remove = (session_id: string): Promise<void> => Promise.resolve(void this.files.delete(session_id));

  /** Writes a file as code from outside would. */
  put(session_id: string, path: string, content: string | Uint8Array): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#of(session_id).set(path, { bytes, modified_ms: this.clock.now() });
  }

  #info(session_id: string, path: string): FileInfo {
    const file = this.#of(session_id).get(path);
    if (file === undefined) throw new Error(`no file ${path}`);
    const { bytes, modified_ms } = file;
    return { path, size_bytes: bytes.length, modified_ms, digest: sha256(bytes) };
  }
}

/** A hub that remembers what was published. */
export class FakeHub implements Hub {
  readonly published: Committed[] = [];
  #watchers = new Set<() => void>();
  /** A hub that is told everything too. */
  also: Hub | null = null;
  publish = (committed: Committed): void => {
    this.published.push(committed);
    this.also?.publish(committed);
    for (const watcher of [...this.#watchers]) watcher();
  };
  /** Sessions that are followed; all, so that tests see every line. */
  follows = (): boolean => true;
  misses = 0;
  missed = (): void => void this.misses++;
  /** Calls `fn` after each commit; the result stops that. */
  watch(fn: () => void): () => void {
    this.#watchers.add(fn);
    return () => void this.#watchers.delete(fn);
  }
}

/** The outside by script: hosts answer with what they hold; `moved` sends a request on. */
export class FakeReach implements Reach {
  readonly sent: { url: string; method: string; body: string | null }[] = [];
  readonly pages = new Map<string, string>();
  readonly moved = new Map<string, string>();
  readonly paths = new Set<string>();

  mayAskHost = notAskable;
  mayAskPath = (path: string): Promise<string | null> =>
    Promise.resolve(this.paths.has(path) ? null : "nobody is asked");
  fetch = (order: FetchOrder): Promise<Fetched> => {
    for (let url = order.url;;) {
      const target = targetOf(url);
      if (typeof target === "string") return Promise.reject(new AppError("invalid", target));
      if (!order.allows(target.what)) return Promise.resolve({ wants: target.what });
      const next = this.moved.get(url);
      if (next === undefined) {
        const body = order.body === null ? null : new TextDecoder().decode(order.body);
        this.sent.push({ url, method: order.method, body });
        const page = new TextEncoder().encode(this.pages.get(url) ?? "nothing");
        return Promise.resolve({ url, status: 200, headers: { "content-type": "text/plain" }, body: page });
      }
      url = next;
    }
  };
}
