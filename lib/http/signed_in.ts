// The person behind a page request: pages are only reached with one, the middleware redirects all others to /login.
import { AppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { State } from "./state.ts";

/** The person who asks for a page. Throws AppError unauthenticated where the middleware was left out. */
export function signedIn(state: Pick<State, "principal">): UserPrincipal {
  if (state.principal === null) throw new AppError("unauthenticated", "Cannot show the page: nobody is logged in");
  return state.principal;
}
