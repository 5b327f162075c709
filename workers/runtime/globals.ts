// Clocks, random numbers, timers and fetch of the language, as workflow code sees them.
//
//   V1. Outside a step a clock gives the time of the scope's last entry, random numbers come from the scope's stream, and
//       what would wait or reach out throws a Failure that names the leaf to use.
//   V2. Inside a step, and outside of every run, they are the real ones.
// Installed by main.ts for the life of the process, and by testWorkflow for one test.
import { Failure } from "../sdk/failure.ts";
import { journaled, random, uuid } from "./known.ts";

const INSTEAD: Record<string, string> = {
  fetch: 'use ctx.tool("fetch", …)',
  setTimeout: "use ctx.sleep",
  setInterval: "use ctx.sleep in a loop",
  setImmediate: "await the leaf that you wait for",
};
/** What is made with `new` and reaches out or runs beside. */
const MADE: Record<string, string> = {
  WebSocket: 'only ctx.tool("fetch", …) reaches out',
  EventSource: 'use ctx.tool("fetch", …)',
  Worker: "run it with ctx.exec",
  BroadcastChannel: "nobody else is in this process",
};

type Properties = Record<string, unknown>;
interface Patch {
  readonly on: object;
  readonly values?: Properties;
  readonly getters?: Record<string, (this: unknown) => unknown>;
}

/** Replaces the globals; disposing puts them back. */
export function installGlobals(): Disposable {
  const undo: (() => void)[] = [];
  const replace = (on: object, name: string, by: PropertyDescriptor) => {
    const before = Object.getOwnPropertyDescriptor(on, name);
    Object.defineProperty(on, name, { ...by, configurable: true, enumerable: before?.enumerable ?? false });
    undo.push(() => before === undefined ? Reflect.deleteProperty(on, name) : Object.defineProperty(on, name, before));
  };
  for (const { on, values = {}, getters = {} } of patches()) {
    for (const [name, value] of Object.entries(values)) replace(on, name, { value, writable: true });
    for (const [name, get] of Object.entries(getters)) replace(on, name, { get });
  }
  return { [Symbol.dispose]: () => undo.reverse().forEach((one) => one()) };
}

function patches(): Patch[] {
  return [
    { on: globalThis, values: { Date: journaledDate(), ...refused(), ...refusedToMake() } },
    { on: AbortSignal, values: { timeout: refusedTimeout() } },
    { on: Intl.DateTimeFormat.prototype, getters: { format: journaledFormat() } },
    { on: Math, values: { random } },
    { on: crypto, values: { randomUUID: uuid, getRandomValues: journaledValues() } },
    { on: performance, ...journaledPerformance() },
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

function refusedToMake(): Properties {
  const made: Properties = {};
  for (const [name, instead] of Object.entries(MADE)) {
    const real: unknown = Reflect.get(globalThis, name);
    if (typeof real !== "function") continue;
    made[name] = new Proxy(real, {
      construct: (target, args, newTarget) => {
        if (journaled() === null) return Reflect.construct(target, args, newTarget);
        throw new Failure("not_in_workflow", `Cannot make a ${name} in a workflow outside a step: ${instead}`);
      },
    });
  }
  return made;
}

function refusedTimeout(): (ms: number) => AbortSignal {
  const real = AbortSignal.timeout.bind(AbortSignal);
  return (ms) => {
    if (journaled() === null) return real(ms);
    const instead = "give the leaf a timeout_s";
    throw new Failure("not_in_workflow", `Cannot call AbortSignal.timeout in a workflow outside a step: ${instead}`);
  };
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

/** The start of a process is another in each replay: here the origin is that of the epoch. */
function journaledPerformance(): Omit<Patch, "on"> {
  const real = performance.now.bind(performance);
  const { timeOrigin } = performance;
  return {
    values: { now: () => journaled()?.now ?? real() },
    getters: { timeOrigin: () => journaled() === null ? timeOrigin : 0 },
  };
}

/** A format without a date would ask the clock. */
function journaledFormat(): (this: unknown) => unknown {
  const real = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format")?.get;
  return function () {
    const format: unknown = real?.call(this);
    return (date?: Date | number) => Reflect.apply(Object(format), this, [date ?? journaled()?.now]);
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
