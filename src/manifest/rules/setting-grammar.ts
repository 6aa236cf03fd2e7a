import { ADDRESS_ALLOWED } from "#hosts/address.ts";
import { isWellFormed } from "#hosts/hosts-of.ts";
import { settingOf } from "#hosts/settings.ts";
import type { Rule } from "./rule.ts";

const SHOWN_MAX = 100;

export const settingGrammar: Rule = {
  id: "setting-grammar",
  severity: "error",
  title:
    "A setting of `auth_config` that becomes an address, or a part of one, is not written as such",
  why: "The key would go to another host than a person reads there (from MLflow 3.18.0 on the server refuses some of them, at every call)",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { auth_config }, index }) =>
      Object.entries(auth_config ?? {})
        // MLflow takes an empty api_base for none: it is how one is taken away.
        .filter(([key, value]) => !(key === "api_base" && value === ""))
        .filter(([key, value]) => !isWellFormed(key, value))
        .map(([key, value]) => ({
          path: ["secrets", index, "auth_config", key],
          message: `must be ${allowedIn(key)}, got "${shown(value)}"`,
        })),
    ),
};

function allowedIn(key: string): string {
  const setting = settingOf(key);
  return setting?.makes === "part" ? setting.allowed : ADDRESS_ALLOWED;
}

/** Without what may be a password: all that stands before an @. */
function shown(text: string): string {
  const at = text.lastIndexOf("@");
  const slashes = text.indexOf("//");
  const start = slashes >= 0 && slashes < at ? slashes + 2 : 0;
  const safe = at < 0 ? text : `${text.slice(0, start)}[not shown]${text.slice(at)}`;
  return safe.length > SHOWN_MAX ? `${safe.slice(0, SHOWN_MAX)}...` : safe;
}
