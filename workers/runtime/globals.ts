// Clocks, random numbers, timers and fetch of the language, as workflow code sees them.
//
//   V1. Outside a step a clock gives the time of the scope's last entry, random numbers come from the scope's stream, and
//       what would wait or reach out throws a Failure that names the leaf to use.
//   V2. Inside a step, and outside of every run, they are the real ones.
// Installed by main.ts for the life of the process, and by testWorkflow for one test.
import { Failure } from "../sdk/failure.ts";
import { journaled, random, uuid } from "./known.ts";

const INSTEAD: Record<string, string> = {
  fetch: "run it with ctx.exec under a grant for the host",
  setTimeout: "use ctx.sleep",
  setInterval: "use ctx.sleep in a loop",
  setImmediate: "await the leaf that you wait for",
};

type Properties = Record<string, unknown>;
interface Patch {
  readonly on: object;
  readonly values: Properties;
}

/** Replaces the globals; disposing puts them back. */
export function installGlobals(): Disposable {
  const undo: (() => void)[] = [];
  for (const { on, values } of patches()) {
    for (const [name, value] of Object.entries(values)) {
      const before = Object.getOwnPropertyDescriptor(on, name);
      Object.defineProperty(on, name, {
        value,
        configurable: true,
        writable: true,
        enumerable: before?.enumerable ?? false,
      });
      undo.push(() =>
        before === undefined ? Reflect.deleteProperty(on, name) : Object.defineProperty(on, name, before)
      );
    }
  }
  return { [Symbol.dispose]: () => undo.reverse().forEach((one) => one()) };
}

function patches(): Patch[] {
  return [
    { on: globalThis, values: { Date: journaledDate(), ...refused() } },
    { on: Math, values: { random } },
    { on: crypto, values: { randomUUID: uuid, getRandomValues: journaledValues() } },
    { on: performance, values: { now: journaledPerformance() } },
    { on: Temporal.Now, values: journaledTemporal() },
  ];
}

function refused(): Properties {
  const made: Properties = {};
  for (const [name, instead] of Object.entries(INSTEAD)) {
    const real: unknown = Reflect.get(globalThis, name);
    if (typeof real !== "function") continue;
    made[name] = (...args: unknown[]) => {
      if (journaled() === null) return Reflect.apply(real, globalThis, args);
      throw new Failure("not_in_workflow", `Cannot call ${name} in a workflow outside a step: ${instead}`);
    };
  }
  return made;
}

function journaledDate(): DateConstructor {
  const Real = Date;
  const time = () => journaled()?.now ?? Real.now();
  return new Proxy(Real, {
    apply: () => new Real(time()).toString(),
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [time()] : args, newTarget),
    get: (target, name, receiver) => name === "now" ? time : Reflect.get(target, name, receiver),
  });
}

function journaledValues(): Crypto["getRandomValues"] {
  const real = crypto.getRandomValues.bind(crypto);
  return (array) => {
    const scope = journaled();
    if (scope === null || array === null) return real(array);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = scope.random.word();
    return array;
  };
}

function journaledPerformance(): () => number {
  const real = performance.now.bind(performance);
  return () => {
    const scope = journaled();
    return scope === null ? real() : scope.now - performance.timeOrigin;
  };
}

function journaledTemporal(): Properties {
  const real = Temporal.Now.instant.bind(Temporal.Now);
  const instant = () => {
    const scope = journaled();
    return scope === null ? real() : Temporal.Instant.fromEpochMilliseconds(scope.now);
  };
  const zoned = (zone: Temporal.TimeZoneLike = Temporal.Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
  return {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: Temporal.TimeZoneLike) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone?: Temporal.TimeZoneLike) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone?: Temporal.TimeZoneLike) => zoned(zone).toPlainTime(),
  };
}
