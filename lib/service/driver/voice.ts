// How the host speaks for one sandbox: run commands with its fence, in the order in which they are said.
//
//   V1. The principal is the sandbox's own: a newer fence refuses everything that an older sandbox still says.
//   V2. Nothing is lost from sight: `quiet` settles when everything said so far is answered.
//   V3. `say` never rejects. What is refused is told once to the driver, which ends the sandbox.
import type { RunCommand } from "../../model/command.ts";
import { AppError } from "../../model/error.ts";
import type { RunPrincipal } from "../../model/principal.ts";
import type { Submit, Submitted } from "../submit.ts";

/** What became of a command. */
export type Heard = ({ ok: true } & Submitted) | { ok: false; error: AppError };

/** How a command is said. */
export interface SayOptions {
  /** Flush at once (default); output may wait for the window. */
  urgent?: boolean;
  size_bytes?: number;
  /** The caller handles a refusal of this code itself. */
  expect?: readonly AppError["code"][];
}

/** Speaks for one sandbox. */
export class Voice {
  readonly #submit: Submit;
  readonly #principal: RunPrincipal;
  readonly #refused: (error: AppError, command: RunCommand) => void;
  readonly #open = new Set<Promise<unknown>>();

  constructor(parts: {
    submit: Submit;
    principal: RunPrincipal;
    /** A command was refused that should not have been. */
    refused(error: AppError, command: RunCommand): void;
  }) {
    this.#submit = parts.submit;
    this.#principal = parts.principal;
    this.#refused = parts.refused;
  }

  get fence(): number {
    return this.#principal.fence;
  }

  /** Says one command; settles when it is committed or refused. */
  say(command: RunCommand, options: SayOptions = {}): Promise<Heard> {
    const heard = this.#say(command, options);
    this.#open.add(heard);
    return heard.finally(() => this.#open.delete(heard));
  }

  async #say(command: RunCommand, options: SayOptions): Promise<Heard> {
    const { urgent = true, size_bytes } = options;
    try {
      const submitted = await this.#submit(this.#principal, this.#principal.session_id, command, {
        urgent,
        ...(size_bytes === undefined ? {} : { size_bytes }),
      });
      return { ok: true, ...submitted };
    } catch (thrown) {
      const error = thrown instanceof AppError
        ? thrown
        : new AppError("internal", `Cannot commit ${command.type}: ${String(thrown)}`, { cause: thrown });
      if (!options.expect?.includes(error.code)) this.#refused(error, command);
      return { ok: false, error };
    }
  }

  /** Settles when everything that was said is answered. */
  async quiet(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled([...this.#open]);
  }
}
