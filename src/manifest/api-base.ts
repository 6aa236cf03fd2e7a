/** Host of an address; undefined when it is not a URL. */
function hostOf(apiBase: string): string | undefined {
  return URL.canParse(apiBase) ? new URL(apiBase).hostname : undefined;
}

/**
 * Whether an address leads to the server itself or into a private network, as far as it can be
 * seen without a name server: the gateway would call what the people outside cannot.
 */
export function isPrivateApiBase(apiBase: string): boolean {
  // `new URL` writes every form of an IPv4 address, such as 0x7f.1, as four decimals.
  const host = hostOf(apiBase)?.toLowerCase().replace(/\.$/, "");
  if (!host) return false;
  if (host.startsWith("[")) return isPrivateIpv6(host.slice(1, -1));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPrivateIpv4(host);
  // A name without a dot is resolved within the network of the server.
  return !host.includes(".") || /\.(localhost|local|internal|home\.arpa)$/.test(host);
}

function isPrivateIpv4(address: string): boolean {
  const [a = 0, b = 0] = address.split(".").map(Number);
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 198 && (b === 18 || b === 19)) ||
    a >= 224
  );
}

/** Loopback, unspecified, unique local, link-local, multicast, and IPv4 in any clothes. */
function isPrivateIpv6(address: string): boolean {
  return /^(::|f[cd]|fe[89ab]|ff|64:ff9b:)/.test(address);
}
