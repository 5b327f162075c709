// The port Models: a real service when a model is named, the runbook model else.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import type { Clock, Models } from "../service/ports.ts";
import { createRedactor, type Redactor } from "../service/redact.ts";
import { createGateway } from "./gateway.ts";
import { priceOf } from "./prices.ts";
import { GATEWAY_LIMITS, type GatewayLimits } from "./repeat.ts";
import { createRunbookModel } from "./runbook/model.ts";

const log = getLogger(["holdfast", "llm"]);
const OPENAI = "https://api.openai.com/v1";
/** A shorter key is a word (`ollama`, `none`) that texts may well hold. */
const MIN_SECRET = 8;

/** Where models come from. Without `model` the runbook model answers. */
export interface ModelsOptions {
  /** Address of an OpenAI-compatible service, with its `/v1`; default OpenAI's own. */
  base_url?: string | null;
  api_key?: string | null;
  model?: string | null;
  clock: Clock;
  /** Replaces secrets in errors, deltas and results; the key is among them in any case. */
  redact?: Redactor;
  limits?: Partial<GatewayLimits>;
}

function address(base_url: string): string {
  const url = URL.parse(base_url);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new AppError("invalid", "Cannot use OPENAI_BASE_URL: it is not an http or https address");
  }
  if (url.username !== "" || url.password !== "") {
    throw new AppError(
      "invalid",
      "Cannot use OPENAI_BASE_URL: it holds a user or password; give the key in OPENAI_API_KEY",
    );
  }
  return base_url.replace(/\/+$/, "");
}

/** One redactor after the other. */
function both(first: Redactor, second: Redactor): Redactor {
  return {
    text: (value) => second.text(first.text(value)),
    json: (value) => second.json(first.json(value)),
    longest: Math.max(first.longest, second.longest),
    openEnd: (value) => Math.max(first.openEnd(value), second.openEnd(value)),
  };
}

/** Makes the port Models. Throws AppError `invalid` for an address that cannot be one, or a service without a model. */
export function createModels(options: ModelsOptions): Models {
  const { base_url = null, api_key = null, model = null, clock } = options;
  if (model === null) {
    if (base_url !== null || api_key !== null) {
      throw new AppError("invalid", "Cannot use the model service: HOLDFAST_MODEL does not say which model to ask");
    }
    return createRunbookModel();
  }
  const service = { base_url: address(base_url ?? OPENAI), api_key };
  const secret = api_key !== null && api_key.length >= MIN_SECRET ? [["OPENAI_API_KEY", api_key] as const] : [];
  const own = createRedactor(new Map(secret));
  const redactor = options.redact ? both(options.redact, own) : own;
  if (!priceOf(model)) log.warn("llm.price_unknown", { model, counted_usd: 0 });
  return createGateway({ service, model, clock, redactor, limits: { ...GATEWAY_LIMITS, ...options.limits } });
}
