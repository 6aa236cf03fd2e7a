import type { BudgetPolicy, Endpoint, ModelDefinition, Secret } from "#gateway/types.ts";

/** The only free metadata of the gateway are the tags of an endpoint. */
export const OWNER_TAG_KEY = "gwops/owner";

const MARK = "gwops:";

/** The mark that secrets, model definitions and budgets carry as `created_by` or `updated_by`. */
export function ownerMark(owner: string): string {
  return `${MARK}${owner}`;
}

/** Budgets have no name on the server: theirs is part of the mark, which updates leave alone. */
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

/** Owner and name of a budget that carries our mark. Owners are folder names: they hold no slash. */
export function budgetNameOf({
  created_by,
}: BudgetPolicy): { owner: string; name: string } | undefined {
  if (!created_by?.startsWith(MARK)) return undefined;
  const [owner, ...name] = created_by.slice(MARK.length).split("/");
  return owner && name.length > 0 ? { owner, name: name.join("/") } : undefined;
}
