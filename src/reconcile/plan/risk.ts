import type { FieldChange } from "#reconcile/change.ts";

/**
 * Why a person should look twice: a provider key that goes to another host than before. Whoever
 * can change `api_base` could otherwise read the key there.
 */
export function highRiskOf(changedFields: readonly FieldChange[]): string | undefined {
  const [before, after] = apiBases(changedFields);
  if (before === after) return undefined;
  return `api_base changes: the provider key, which travels along, goes to ${hostOf(after)} instead of ${hostOf(before)}`;
}

/** Equal when it stays; of settings that were not known at all the whole is new. */
function apiBases(changedFields: readonly FieldChange[]): readonly (string | undefined)[] {
  const change = changedFields.find(({ path }) => path === "auth_config.api_base");
  if (change) return [change.before, change.after] as (string | undefined)[];
  const whole = changedFields.find(({ path }) => path === "auth_config");
  return [undefined, (whole?.after as { readonly api_base?: string } | undefined)?.api_base];
}

/** Host and port, or the text as it is when it is no URL. */
function hostOf(apiBase: string | undefined): string {
  if (apiBase === undefined) return "the provider's own host";
  return URL.canParse(apiBase) ? new URL(apiBase).host || apiBase : apiBase;
}
