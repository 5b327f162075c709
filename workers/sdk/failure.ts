// The one error that ctx throws and that authors throw: a code for programs, a message for people.
//
// A replay throws the same code, message and data again; the stack is that of the call.
import type { Json } from "../../lib/model/json.ts";

/** Why something failed. An uncaught one ends the run `failed` with its code as `error.type`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly data: Json | undefined;
  constructor(readonly code: string, message: string, data?: Json) {
    super(message);
    this.data = data;
  }
}
