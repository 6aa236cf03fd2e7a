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

/** As long as the server keeps it. */
const MAKER_MARK_LENGTH_MAX = 255;

/** `created_by` of what has a name that hands can change: by it a killed run's work is known. */
export function makerMark(owner: string, name: string): string {
  const mark = budgetMark(owner, name);
  return mark.length > MAKER_MARK_LENGTH_MAX ? ownerMark(owner) : mark;
}

/** Whose mark it is, and under which name something was made. Owners hold no slash. */
export function readMaker(
  by: string | undefined,
): { readonly owner: string; readonly name?: string } | undefined {
  const mark = readMark(by);
  const slash = mark?.indexOf("/") ?? -1;
  if (mark === undefined || slash <= 0) return mark === undefined ? undefined : { owner: mark };
  return { owner: mark.slice(0, slash), name: mark.slice(slash + 1) };
}

/** What a mark says; undefined for what is no mark of ours. */
export function readMark(by: string | undefined): string | undefined {
  return by?.startsWith(MARK) ? by.slice(MARK.length) : undefined;
}
