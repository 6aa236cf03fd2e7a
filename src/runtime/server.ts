const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };
const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];

/** The address of a server for people and documents: without a login, a query, or a slash at its end. */
export function serverAddress(trackingUri: string): string {
  const { protocol, host, pathname } = new URL(trackingUri);
  return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
}

/** One name for each server, however its address is written: `localhost:5000/prefix`. */
export function serverName(trackingUri: string): string {
  const { protocol, hostname, port, pathname } = new URL(trackingUri);
  const host = LOOPBACK.includes(hostname) ? "localhost" : hostname;
  return `${host}:${port || DEFAULT_PORTS[protocol]}${pathname.replace(/\/+$/, "")}`;
}
