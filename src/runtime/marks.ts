/** How what Gateway Ops manages is marked on the gateway, and what is reserved for marks. */

const MARK = "gwops:";

/** The only free metadata of the gateway are the tags of an endpoint. */
export const OWNER_TAG_KEY = "gwops/owner";

/** Beginnings of tags in which Gateway Ops and MLflow keep their own marks. */
export const RESERVED_TAGS = ["gwops/", "mlflow."] as const;

/**
 * Pattern of an owner's name: it is part of a mark that endpoints carry as the value of a tag, and
 * of `created_by`.
 */
export const OWNER_NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,62}";

const WHOLE_OWNER_NAME = new RegExp(`^${OWNER_NAME}$`);

export const OWNER_NAME_RULE = "at most 63 letters, digits, '_', '.', '-'";

export function isOwnerName(owner: string): boolean {
  return WHOLE_OWNER_NAME.test(owner);
}

export function isReservedTag(key: string): boolean {
  return RESERVED_TAGS.some((prefix) => key.startsWith(prefix));
}

/** The mark that what we write carries as `created_by` or `updated_by`. */
export function ownerMark(owner: string): string {
  return `${MARK}${owner}`;
}

/** Budgets have no name on the server: theirs is part of the mark. */
export function budgetMark(owner: string, name: string): string {
  return ownerMark(`${owner}/${name}`);
}

/** What a mark says; undefined for what is no mark of ours. */
export function readMark(by: string | undefined): string | undefined {
  return by?.startsWith(MARK) ? by.slice(MARK.length) : undefined;
}

/** Names of what is made for a moment to try a new value of a secret; no manifest may use them. */
export const PROBE_PREFIX = "gwops-probe-";

/** What made it, as `created_by`: the mark of no owner. */
export const PROBE_MARK = "gwops-probe";

interface Made {
  readonly name: string;
  readonly created_by?: string | undefined;
}

/** By both, as people rename things: what an owner made stays visible under any name. */
export function isProbe({ name, created_by }: Made): boolean {
  return created_by === PROBE_MARK && name.startsWith(PROBE_PREFIX);
}
