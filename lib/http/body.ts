// Request bodies: read up to a limit, as what they must be, or refused with the reason.
//
//   B1. The bytes are counted while they arrive; what Content-Length says is only a reason to refuse sooner.
//   B2. A refused body is read on to its end for a while, or the client would see a broken connection and no answer.
import { AppError } from "../model/error.ts";
import { MAX_VALUES, readJson } from "../protocol/read_json.ts";

/** Largest JSON body, bytes. */
export const MAX_JSON_BYTES = 1_048_576;
/** Largest uploaded file, bytes. */
export const MAX_FILE_BYTES = 50 * 1_048_576;
/** A refused body is drained no further than this many bytes. */
const DRAIN_BYTES = 16 * 1_048_576;

const tooLarge = (limit: number) =>
  new AppError("too_large", `Cannot read the body: it is larger than ${limit / 1_048_576} MiB`);
const broken = (cause: unknown) =>
  new AppError("bad_request", "Cannot read the body: the connection broke before its end", { cause });

/** Reads a JSON body; no body and no media type are `undefined`. Throws AppError. */
export async function readJsonBody(request: Request): Promise<unknown> {
  const media = request.headers.get("content-type");
  const bytes = await readBytes(request, MAX_JSON_BYTES);
  if (bytes.length === 0 && (media === null || isJson(media))) return undefined;
  if (media === null || !isJson(media)) {
    throw new AppError(
      "unsupported_media_type",
      `Cannot read the body: its media type is ${media === null ? "not given" : "another"}; send application/json`,
    );
  }
  return readJson(decode(bytes), { max_values: MAX_VALUES });
}

/** A urlencoded form, for pages that work without JavaScript. Throws AppError. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(decode(await readBytes(request, MAX_JSON_BYTES)));
}

/** Whether a media type is JSON; another charset than UTF-8 is not JSON. */
export function isJson(media: string): boolean {
  const [type = "", ...parameters] = media.toLowerCase().split(";").map((part) => part.trim());
  const charset = parameters.find((one) => one.startsWith("charset="))?.slice(8).replaceAll('"', "");
  return (type === "application/json" || /^application\/[\w.+-]+\+json$/.test(type)) &&
    (charset === undefined || charset === "utf-8" || charset === "utf8");
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError("bad_json", "Cannot read the body: it is not UTF-8", { cause });
  }
}

/** Reads a whole body of at most `limit` bytes. */
async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  if (announced(request) > limit) {
    await drain(request.body.getReader(), 0);
    throw tooLarge(limit);
  }
  const reader = request.body.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause) => {
      throw broken(cause);
    });
    if (done) return join(parts, size);
    size += value.length;
    if (size > limit) {
      await drain(reader, size);
      throw tooLarge(limit);
    }
    parts.push(value);
  }
}

const announced = (request: Request) => Number(request.headers.get("content-length") ?? "0");

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>, read: number): Promise<void> {
  try {
    for (let size = read; size < DRAIN_BYTES;) {
      const { done, value } = await reader.read();
      if (done) return;
      size += value.length;
    }
  } catch {
    // It broke off by itself: nobody is left to answer.
  }
  await reader.cancel().catch(() => undefined);
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The body of an upload as a stream that fails once it is larger than a file may be. Throws AppError. */
export async function fileBody(request: Request): Promise<ReadableStream<Uint8Array>> {
  const body = request.body ?? new ReadableStream({ start: (controller) => controller.close() });
  if (announced(request) > MAX_FILE_BYTES) {
    await drain(body.getReader(), 0);
    throw tooLarge(MAX_FILE_BYTES);
  }
  let size = 0;
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch((cause) => {
        throw broken(cause);
      });
      if (done) return controller.close();
      size += value.length;
      if (size > MAX_FILE_BYTES) {
        await drain(reader, size);
        throw tooLarge(MAX_FILE_BYTES);
      }
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
