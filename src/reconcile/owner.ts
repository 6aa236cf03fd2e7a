import type { BudgetPolicy, Endpoint, ModelDefinition, Secret } from "#gateway/types.ts";

/** The only free metadata of the gateway are the tags of an endpoint. */
export const OWNER_TAG_KEY = "gwops/owner";

const MARK = "gwops:";

/** The mark that secrets, model definitions and budgets carry as `created_by` or `updated_by`. */
export function ownerMark(owner: string): string {
  return `${MARK}${owner}`;
}

/** Budgets have no name on the server: theirs is part of the mark. */
export function budgetMark(owner: string, name: string): string {
  return `${MARK}${owner}/${name}`;
}

/** Whose it is: its creator's mark, else the mark of an adoption; nobody's without either. */
export function ownerOf(resource: Secret | ModelDefinition): { owner?: string } {
  const mark = [resource.created_by, resource.last_updated_by].find((by) => by?.startsWith(MARK));
  return mark === undefined ? {} : { owner: mark.slice(MARK.length) };
}

export function endpointOwner({ tags }: Endpoint): { owner?: string } {
  const tag = tags.find(({ key }) => key === OWNER_TAG_KEY);
  return tag ? { owner: tag.value } : {};
}

/**
 * Owner and name of a budget that carries our mark; that of an adoption or a rename is the newer
 * one. Owners are folder names: they hold no slash.
 */
export function budgetNameOf({
  created_by,
  last_updated_by,
}: BudgetPolicy): { owner: string; name: string } | undefined {
  return parseBudgetMark(last_updated_by) ?? parseBudgetMark(created_by);
}

function parseBudgetMark(by: string | undefined): { owner: string; name: string } | undefined {
  if (!by?.startsWith(MARK)) return undefined;
  const mark = by.slice(MARK.length);
  const slash = mark.indexOf("/");
  const [owner, name] = [mark.slice(0, slash), mark.slice(slash + 1)];
  return slash > 0 && name !== "" ? { owner, name } : undefined;
}
