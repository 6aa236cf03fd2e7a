import type { BudgetPolicy, Endpoint, Stamped } from "#gateway/types.ts";
import { OWNER_TAG_KEY, readMark } from "#runtime/marks.ts";

/** Whose it is: its creator's mark, else the mark of an adoption; nobody's without either. */
export function ownerOf(resource: Stamped): { owner?: string } {
  const owner = readMark(resource.created_by) ?? readMark(resource.last_updated_by);
  return owner === undefined ? {} : { owner };
}

/** By its tag; it gets that last, and what it was created with stays for good. */
export function endpointOwner({ tags, created_by }: Endpoint): {
  owner?: string;
  made_by?: string;
} {
  const owner = tags.find(({ key }) => key === OWNER_TAG_KEY)?.value;
  const maker = readMark(created_by);
  return {
    ...(owner !== undefined && { owner }),
    ...(maker !== undefined && maker !== owner && { made_by: maker }),
  };
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
  const mark = readMark(by);
  if (mark === undefined) return undefined;
  const slash = mark.indexOf("/");
  const [owner, name] = [mark.slice(0, slash), mark.slice(slash + 1)];
  return slash > 0 && name !== "" ? { owner, name } : undefined;
}
