// The error that carries an HTTP status. It is part of the browser's runtime too, so nothing
// that only the server needs is imported here.

import type { ErrorStatus } from "./status.ts";

export type { ErrorStatus };

/** Ends a request with a status; what is shown for it is up to the error pages. */
export class HttpError extends Error {
  /** The HTTP status. */ status: ErrorStatus;
  constructor(status: ErrorStatus, message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
  }
}
