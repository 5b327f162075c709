// Which Host is ours and which Origin may write: what stands between a foreign web page and a person's cookie.
//
//   OR1. The own origin is HOLDFAST_PUBLIC_URL, else http://HOST:PORT; on loopback its three names are one.
//   OR2. A Host is ours when it is the own origin's or the address that is listened at (a proxy may keep either). No
//        name that DNS could point at us passes, so a rebound page cannot read or write anything.
//   OR3. Writes and upgrades that carry the cookie, or all of them with authentication off, need an Origin that is own
//        or listed; an Origin that is sent and is neither is refused always.

/** Names of the machine itself; with one port they are one place. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** What the rules are made of; `host` and `port` as listened at. */
export interface OriginSettings {
  public_url: string | null;
  origins: readonly string[];
  host: string;
  port: number;
}
/** The rules. */
export interface Origins {
  /** The own origin, without a slash at its end. */
  readonly own: string;
  /** Whether a Host header names this server. */
  isOwnHost(host: string): boolean;
  /** Whether a page of this origin may write with a person's cookie. */
  allows(origin: string): boolean;
  /** Whether an origin is another one that may read across origins (the CORS list). */
  isListed(origin: string): boolean;
}

/** Makes the rules of one server. */
export function createOrigins(settings: OriginSettings): Origins {
  const listened = `http://${bracketed(settings.host)}:${settings.port}`;
  const own = new URL(settings.public_url ?? listened);
  const origins = new Set(withTwins(own));
  const hosts = new Set([...withTwins(own), ...withTwins(new URL(listened))].map(hostAndPort));
  const listed = new Set(settings.origins);
  return {
    own: own.origin,
    isOwnHost: (host) => namesOf(host, own.protocol).some((name) => hosts.has(name)),
    allows: (origin) => origins.has(origin) || listed.has(origin),
    isListed: (origin) => listed.has(origin) && !origins.has(origin),
  };
}

/** An IPv6 address stands in brackets in URLs. */
const bracketed = (host: string) => host.includes(":") ? `[${host}]` : host;

function withTwins(url: URL): string[] {
  if (!LOOPBACK.includes(url.hostname)) return [url.origin];
  return LOOPBACK.map((name) => {
    const twin = new URL(url);
    twin.hostname = name;
    return twin.origin;
  });
}

const portOf = (url: URL) => url.port || (url.protocol === "https:" ? "443" : "80");
const hostAndPort = (origin: string) => {
  const url = new URL(origin);
  return `${url.hostname}:${portOf(url)}`;
};

/** The places that a Host header may mean: without a port that of the scheme, which a proxy may have changed. */
function namesOf(host: string, protocol: string): string[] {
  if (!/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(host)) return [];
  const urls = [URL.parse(`${protocol}//${host}`), URL.parse(`http://${host}`)];
  return urls.flatMap((url) => url === null ? [] : [`${url.hostname}:${portOf(url)}`]);
}
