// The id that every answer carries, so that a person can name one request to the operator.

const SENT = /^[A-Za-z0-9._-]{1,100}$/;

/** The client's own id where it sent a proper one, else a new one. */
export function requestId(headers: Headers, newId: () => string): string {
  const sent = headers.get("x-request-id");
  return sent !== null && SENT.test(sent) ? sent : newId();
}
