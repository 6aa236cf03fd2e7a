/** What makes an address, and nothing that two readers of URLs could read in two ways. */
const ADDRESS =
  /^(https?):\/\/([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?((?:\/(?:[a-z0-9._~!$&'()*+,;=:-]|%[0-9a-f]{2})+)*\/?)(?:\?(?:[a-z0-9._~!$&'()*+,;=:/?-]|%[0-9a-f]{2})*)?$/i;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const PORT_MAX = 65_535;

/** How an address is written, for messages. */
export const ADDRESS_ALLOWED =
  "an address such as https://api.example.com/v1: an ASCII host name or a plainly written IP address, without user, fragment, empty path segment, backslash, white space or control character";

export interface Address {
  /** In lower case, as the rest but the path. */
  readonly scheme: string;
  /** Without a final dot; an IPv6 address in brackets and in its shortest form. */
  readonly host: string;
  readonly path: string;
}

/**
 * Takes an address apart; undefined for what is none. Stricter than any URL parser: MLflow, aiohttp,
 * httpx and botocore each read backslashes, user information, white space and odd IP addresses in
 * their own way, so that a host that was looked at here would not be the one that gets the key.
 */
export function addressOf(text: string): Address | undefined {
  const [, scheme = "", authority = "", port = "1", path = ""] = ADDRESS.exec(text) ?? [];
  const host = hostNamed(authority.toLowerCase());
  if (host === undefined || Number(port) < 1 || Number(port) > PORT_MAX) return undefined;
  // Punycode that stands for nothing.
  if (!URL.canParse(text)) return undefined;
  return { scheme: scheme.toLowerCase(), host, path };
}

function hostNamed(authority: string): string | undefined {
  if (authority.startsWith("[")) return ipv6(authority);
  const name = authority.replace(/\.$/, "");
  const labels = name.split(".");
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  // 127.1, 0177.0.0.1, 0x7f.1 and 2130706433 are all 127.0.0.1 to some readers.
  const isNumber = /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "");
  return isNumber && !isIpv4(authority) ? undefined : name;
}

function isIpv4(host: string): boolean {
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => String(Number(part) & 255) === part);
}

function ipv6(authority: string): string | undefined {
  const url = `http://${authority}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
