import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";

interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };
const LOOPBACK = ["127.0.0.1", "[::1]", "localhost"];
const HASH_LENGTH = 10;

/** One name for each server, however its address is written: `localhost:5000/prefix`. */
export function gatewayName(trackingUri: string): string {
  const { protocol, hostname, port, pathname } = new URL(trackingUri);
  const host = LOOPBACK.includes(hostname) ? "localhost" : hostname;
  return `${host}:${port || DEFAULT_PORTS[protocol]}${pathname.replace(/\/+$/, "")}`;
}

/** `$XDG_STATE_HOME/gateway-ops/<host>-<port>-<hash>/ledger.json`, in `~/.local/state` by default. */
export function defaultLedgerPath({ env, home }: Place, trackingUri: string): string {
  const name = gatewayName(trackingUri);
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  const readable = name.replace(/\/.*$/, "").replace(/[^a-z0-9.]+/gi, "-");
  return join(stateHome({ env, home }), "gateway-ops", `${readable}-${hash}`, "ledger.json");
}

/** The specification says that a relative path is to be ignored. */
function stateHome({ env, home }: Place): string {
  const stated = env.XDG_STATE_HOME ?? "";
  return isAbsolute(stated) ? stated : join(home, ".local", "state");
}
