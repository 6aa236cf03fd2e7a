import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { serverName } from "#runtime/server.ts";

interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
}

const HASH_LENGTH = 10;

/** `$XDG_STATE_HOME/gateway-ops/<host>-<port>-<hash>/ledger.json`, in `~/.local/state` by default. */
export function defaultLedgerPath({ env, home }: Place, trackingUri: string): string {
  const name = serverName(trackingUri);
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  const readable = name.replace(/\/.*$/, "").replace(/[^a-z0-9.]+/gi, "-");
  return join(stateHome({ env, home }), "gateway-ops", `${readable}-${hash}`, "ledger.json");
}

/** The specification says that a relative path is to be ignored. */
function stateHome({ env, home }: Place): string {
  const stated = env.XDG_STATE_HOME ?? "";
  return isAbsolute(stated) ? stated : join(home, ".local", "state");
}
