import { type Credentials, keysLacking, modeNameOf } from "#hosts/auth-modes.ts";
import { leavesOf } from "./document.ts";
import { SecretMappingError } from "./mapping-error.ts";
import { shownNames } from "./shown-names.ts";

/** How people call the keys of a value, in small letters and digits alone. */
const ALSO_CALLED: Readonly<Record<string, RegExp>> = {
  api_key: /(?:key|token|apikey|pat)$/,
  aws_access_key_id: /(?:keyid|(?<!secret)accesskey)$/,
  aws_secret_access_key: /(?:secretaccesskey|secretkey|accesskeysecret)$/,
  client_secret: /secret(?:value)?$/,
  oci_key: /(?:privatekey|pem|key)$/,
  vertex_credentials: /(?:credentials?|serviceaccount)(?:json|key)?$/,
};

/** Keys deeper in a document are not suggested. */
const DEPTH_MAX = 4;

/** The gateway's keys that a value gives, and what they were taken of. */
export interface Given {
  readonly keys: readonly string[];
  readonly of: "text" | "picked keys" | Readonly<Record<string, unknown>>;
}

/**
 * Refuses a value that lacks what provider and auth_mode need, and says what in the stored document
 * looks like it. MLflow stores any value, and every call with it fails.
 */
export function requireNeeded(source: string, credentials: Credentials, given: Given): void {
  const lacking = keysLacking(credentials, given.keys);
  if (lacking.length === 0) return;
  const mode = `${credentials.provider} needs with the auth_mode ${modeNameOf(credentials)}`;
  throw new SecretMappingError(
    `${source} gives no ${lacking.join(", ")}, which ${mode}: ${remedy(lacking, given, credentials)}`,
  );
}

function remedy(lacking: readonly string[], given: Given, { provider }: Credentials): string {
  const them = lacking.length === 1 ? "it" : "them";
  if (given.of === "picked keys") return `pick ${them} too in value_from.keys`;
  if (given.of === "text") {
    const whole = lacking.length === 1 ? `, or say whole_as: ${lacking[0]} in value_from` : "";
    return `store a JSON object with ${them}${whole}`;
  }
  const { of: object, keys } = given;
  const found = lacking.map((key) => [key, likeness(key, object, { keys, provider })] as const);
  if (found.some(([, path]) => path === undefined)) {
    const { length } = Object.keys(object);
    const has = length === 1 ? "1 key of another name" : `${length} keys of other names`;
    return `it has ${has}: store ${them} under that name, or say in value_from.keys where to find ${them}`;
  }
  const like = found.map(([key, path]) => `${path} looks like ${key}`).join(" and ");
  const picked = [...keys.map((key) => [key, key]), ...found].map((pair) => pair.join(": "));
  return `${like}, so say keys: { ${picked.join(", ")} } in value_from`;
}

/** Where in the document stands the one text whose name means the key, if it can be shown. */
function likeness(
  key: string,
  object: Readonly<Record<string, unknown>>,
  { keys, provider }: { readonly keys: readonly string[]; readonly provider: string },
): string | undefined {
  const isShown = shownNames(object);
  const pattern = Object.hasOwn(ALSO_CALLED, key) ? ALSO_CALLED[key] : undefined;
  const like = [...leavesOf(object)].flatMap(({ path, value }) => {
    const name = path.at(-1);
    if (typeof value !== "string" || typeof name !== "string" || path.length > DEPTH_MAX) return [];
    return !keys.includes(name) && pattern?.test(bare(name)) ? [path] : [];
  });
  const own = like.filter((path) =>
    path.some((part) => bare(String(part)).includes(bare(provider))),
  );
  const [only, ...others] = own.length > 0 ? own : like;
  if (!only || others.length > 0) return undefined;
  if (!only.every((part) => typeof part === "number" || isShown(part))) return undefined;
  return only.length === 1 ? String(only[0]) : only.map((part) => `/${part}`).join("");
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
