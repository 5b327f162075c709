// A clock that a test moves by hand, put in the place of the global one.
//
// Replaces `Date`, the four timer functions and `AbortSignal.timeout` until it is restored.
// Leaves alone: `performance.now`, `Temporal`, microtasks, and timers of code that kept a
// reference to the real functions.
//   T1. Only one fake clock stands at a time; a second one is an error.
//   T2. Timers run in the order of their due time, then of their creation.
//   T3. While a timer runs, the clock shows the time at which it was due.

/** Says that the fake clock was used in a way that it cannot follow. */
export class TimeError extends Error {
  override name = "TimeError";
}

/** How a fake clock moves by itself: `advanceRate` fake milliseconds for each real one. */
export interface TimeOptions {
  advanceRate: number;
  advanceFrequency?: number;
}

type Callback = (...args: unknown[]) => void;
type Timer = {
  id: number;
  due: number;
  callback: Callback;
  args: unknown[];
  every?: number;
};

const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  abortTimeout: AbortSignal.timeout,
};

let current: FakeTime | undefined;

function fakeDate(now: () => number): DateConstructor {
  const handler: ProxyHandler<DateConstructor> = {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new real.Date(now()).toString(),
    get: (target, key, receiver) => key === "now" ? now : Reflect.get(target, key, receiver),
  };
  return new Proxy(real.Date, handler);
}

/** Stands for the global clock from its creation until `restore`; use it with `using`. */
export class FakeTime {
  #now: number;
  readonly #start: number;
  #nextId = 1;
  #timers: Timer[] = [];
  #advancing: ReturnType<typeof setInterval> | undefined;

  constructor(start?: number | string | Date | null, options?: TimeOptions) {
    if (current) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    const first = start === undefined || start === null ? real.Date.now() : new real.Date(start).valueOf();
    if (Number.isNaN(first)) {
      throw new TimeError(`Cannot construct FakeTime: invalid start time ${start}`);
    }
    if (options !== undefined && !(options.advanceRate > 0)) {
      throw new TimeError(`Cannot construct FakeTime: invalid advanceRate ${options.advanceRate}`);
    }
    this.#start = this.#now = first;
    current = this;
    this.#install();
    if (options) this.#advanceBy(options);
  }

  /** The time that the clock shows, in milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  set now(value: number) {
    if (value < this.#now) {
      throw new TimeError(`Cannot set time in the past: ${value} is before ${this.#now}`);
    }
    for (let timer = this.#nextDue(value); timer; timer = this.#nextDue(value)) this.#run(timer);
    this.#now = value;
  }

  /** The time at which the clock was set up. */
  get start(): number {
    return this.#start;
  }

  set start(_value: number) {
    throw new TimeError("Cannot change the start time of a FakeTime");
  }

  /** Puts the real clock back, if one is faked. */
  static restore(): void {
    if (!current) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current.restore();
  }

  /** Waits `ms` real milliseconds, whatever the fake clock does. */
  delay(ms: number, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stop = () => {
        real.clearTimeout(handle);
        reject(signal?.reason);
      };
      const handle = real.setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Lets what is already settled go on, without moving the clock. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Moves the clock by `ms` and runs what falls due on the way. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Lets pending microtasks run, moves the clock by `ms`, and lets what that set off run too. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    const target = this.#now + ms;
    for (let timer = this.#nextDue(target); timer; timer = this.#nextDue(target)) {
      this.#run(timer);
      await this.runMicrotasks();
    }
    if (target > this.#now) this.#now = target;
  }

  /** Moves the clock to the next timer and runs it; says whether there was one. */
  next(): boolean {
    const timer = this.#nextDue(Infinity);
    if (timer) this.#run(timer);
    return timer !== undefined;
  }

  /** Lets pending microtasks run, then does what `next` does. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Runs timers until none is left; an interval makes it endless. */
  runAll(): void {
    while (this.next());
  }

  /** Runs timers, and what they set off, until none is left. */
  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Puts the real clock back; timers of the fake one never run. */
  restore(): void {
    if (current !== this) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current = undefined;
    this.#timers = [];
    if (this.#advancing !== undefined) real.clearInterval(this.#advancing);
    const { abortTimeout, ...globals } = real;
    Object.assign(globalThis, globals);
    AbortSignal.timeout = abortTimeout;
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #install(): void {
    const clear = (id?: number) => {
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    };
    Object.assign(globalThis, {
      Date: fakeDate(() => this.#now),
      setTimeout: (callback: Callback, ms?: number, ...args: unknown[]) => this.#add({ callback, args }, ms),
      clearTimeout: clear,
      setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
        this.#add({ callback, args, every: Math.max(Number(ms) || 0, 1) }, ms),
      clearInterval: clear,
    });
    AbortSignal.timeout = (ms: number) => {
      const abort = new AbortController();
      const callback = () => abort.abort(new DOMException("Signal timed out.", "TimeoutError"));
      this.#add({ callback, args: [] }, ms);
      return abort.signal;
    };
  }

  #advanceBy(options: TimeOptions): void {
    const frequency = options.advanceFrequency ?? 10;
    this.#advancing = real.setInterval(() => this.tick(options.advanceRate * frequency), frequency);
  }

  #add(timer: Pick<Timer, "callback" | "args" | "every">, ms: number | undefined): number {
    const id = this.#nextId++;
    this.#timers.push({
      ...timer,
      id,
      due: this.#now + Math.max(Number(ms) || 0, 0),
    });
    return id;
  }

  #nextDue(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= until && (!first || timer.due < first.due)) {
        first = timer;
      }
    }
    return first;
  }

  #run(timer: Timer): void {
    this.#now = Math.max(this.#now, timer.due);
    // Re-armed before it runs, so that a callback can clear its own interval.
    this.#timers = this.#timers.filter((other) => other !== timer);
    if (timer.every !== undefined) {
      this.#timers.push({ ...timer, due: timer.due + timer.every });
    }
    timer.callback.apply(globalThis, timer.args);
  }
}
