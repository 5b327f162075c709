// Hosts as people and settings name them, and which of them a person may be asked about.
//
// Pure. A host is written as `name` for https (port 443) and `name:port` for every other port, 80 too. Names come from the
// URL parser: lower case, punycode for what is not ASCII, so that letters which look like others are seen as what they are.
//   H1. Asked about are names of at least two labels on the ports of the web: no address, no single word, none of the
//       ends that private networks use. What a person cannot judge is not asked.

/** Where a request goes. */
export interface Target {
  readonly url: URL;
  readonly name: string;
  readonly port: number;
  /** The host as grants name it. */
  readonly what: string;
}

/** Longest name of a host with its port. */
const MAX_HOST = 260;
const NAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Ends of names that stand for no host of the public net. */
const PRIVATE_ENDS: ReadonlySet<string> = new Set([
  ...["localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "arpa"],
  ...["test", "example", "invalid", "onion", "alt"],
]);

/** Reads the address of a request; a text says why it is none that the host fetches. */
export function targetOf(text: string): Target | string {
  const url = URL.parse(text);
  if (url === null) return "it is no URL";
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return `${url.protocol}// is not fetched, only http and https`;
  }
  if (url.username !== "" || url.password !== "") return "its address holds a user or a password";
  const name = url.hostname.replace(/\.$/, "");
  if (name === "") return "it names no host";
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  url.hash = "";
  return { url, name, port, what: hostWritten(name, port) };
}

/** The host as grants and questions name it. */
export function hostWritten(name: string, port: number): string {
  return port === 443 ? name : `${name}:${port}`;
}

/** Tells whether a grant or setting (`name`, `name:port`, `*.name`) covers a host. A name alone covers 443 and 80. */
export function covers(grant: string, host: string): boolean {
  const [wanted, wanted_port] = parts(grant.trim().toLowerCase());
  const [name, port] = parts(host);
  const named = wanted.startsWith("*.")
    ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1
    : name === wanted;
  if (!named || wanted === "" || wanted === "*.") return false;
  return wanted_port === null ? port === null || port === "80" : wanted_port === (port ?? "443");
}

/** Why nobody is asked about a host; null: a person may be. */
export function notAskable(host: string): string | null {
  const [name, port] = parts(host);
  if (host.length > MAX_HOST || !NAME.test(name)) {
    return /^[\d.]+$|^\[|:/.test(name)
      ? "an address is not a name that a person could judge"
      : "it is no name of a public host";
  }
  const last = name.slice(name.lastIndexOf(".") + 1);
  if (/^\d+$/.test(last)) return "an address is not a name that a person could judge";
  if (PRIVATE_ENDS.has(last)) return `.${last} is no host of the public net`;
  return port === null || port === "80" ? null : `port ${port} is not one of the web`;
}

/** What people should know about a name before they allow it; null: nothing. */
export function warningOf(host: string): string | null {
  const [name, port] = parts(host);
  if (name.split(".").some((label) => label.startsWith("xn--"))) {
    return "The name holds letters outside of a to z, written here as xn--…: such names can look like another host.";
  }
  return port === "80" ? "The connection is not encrypted (http)." : null;
}

function parts(host: string): [string, string | null] {
  const found = /^(.*?)(?::(\d{1,5}))?$/.exec(host.startsWith("[") ? host.replace(/^\[[^\]]*\]/, "[]") : host);
  return [found?.[1] ?? host, found?.[2] ?? null];
}
