// What a person is told when the server did not do what was asked.
import type { ClientError } from "./api.ts";

/** The text of a refusal; nothing that was typed is lost by any of them. */
export function refusalText(error: ClientError): string {
  if (error.code === "unreachable") return "Not connected. Try again when the line is back.";
  if (error.status === 401) {
    return "You are logged out. Log in in another window, then try again: this page keeps what you typed.";
  }
  return error.message;
}
