// Whether this instance can do its work: each check really exercised, at most 5 s old.
//
//   H1. A check is an attempt (a row written and read, a sandbox started, a file written and read), never a flag alone.
//   H2. However many ask, the checks run at most once in 5 s; a check that does not end in time has failed.
import type { Clock, Isolation } from "./ports.ts";
import type { Health } from "./holdfast.ts";

/** One check. */
export interface Check {
  ok: boolean;
  detail: string;
}
type CheckName = "kv" | "sandbox" | "recovery" | "disk";
type Ready = Awaited<ReturnType<Health["ready"]>>;

const MAX_AGE_MS = 5_000;
const CHECK_MS = 4_000;

/** What health needs. Each check throws when it fails, or tells in words what it found. */
export interface HealthParts {
  readonly version: string;
  readonly instance: string;
  readonly isolation: Isolation;
  readonly clock: Clock;
  readonly checks: Readonly<Record<CheckName, () => Promise<string>>>;
  draining(): boolean;
  /** The store does not answer: known at once, without a check. */
  away(): boolean;
  metrics(): string;
}

/** Makes the health of this instance. */
export function createHealth(parts: HealthParts): Health {
  const { version, instance, isolation, clock } = parts;
  const started = clock.monotonic();
  let last: Ready | null = null;
  let kept: { at: number; result: Promise<Ready> } | null = null;
  return {
    version,
    instance,
    isolation,
    uptime_s: () => Math.floor((clock.monotonic() - started) / 1000),
    draining: parts.draining,
    ready() {
      if (kept === null || clock.monotonic() - kept.at > MAX_AGE_MS) {
        kept = { at: clock.monotonic(), result: runChecks(parts) };
        void kept.result.then((ready) => last = ready);
      }
      // A check of a store that is away takes its whole time: the last one says how the rest is.
      if (parts.away()) return Promise.resolve(withoutStore(last));
      return kept.result.then((ready) => parts.draining() ? { ...ready, ok: false } : ready);
    },
    metrics: parts.metrics,
  };
}

const MISSING: Check = { ok: false, detail: "not checked" };

function withoutStore(last: Ready | null): Ready {
  const kv = { ok: false, detail: "the store does not answer; what is in memory can be read" };
  const checks = last?.checks ?? { sandbox: MISSING, recovery: MISSING, disk: MISSING };
  return { ok: false, checks: { ...checks, kv } };
}

async function runChecks(parts: HealthParts): Promise<Ready> {
  const [kv, sandbox, recovery, disk] = await Promise.all(
    (["kv", "sandbox", "recovery", "disk"] as const).map((name) => runCheck(parts, name)),
  );
  const checks = {
    kv: kv ?? MISSING,
    sandbox: sandbox ?? MISSING,
    recovery: recovery ?? MISSING,
    disk: disk ?? MISSING,
  };
  return { ok: Object.values(checks).every((check) => check.ok), checks };
}

async function runCheck({ checks, clock }: HealthParts, name: CheckName): Promise<Check> {
  let cancel = () => {};
  const late = new Promise<Check>((resolve) => {
    cancel = clock.after(CHECK_MS, () => resolve({ ok: false, detail: `no answer in ${CHECK_MS / 1000} s` }));
  });
  const checked = checks[name]().then(
    (detail) => ({ ok: true, detail }),
    (error) => ({ ok: false, detail: error instanceof Error ? error.message : String(error) }),
  );
  const check = await Promise.race([checked, late]);
  cancel();
  return check;
}
