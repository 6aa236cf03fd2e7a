import type { FieldChange } from "#reconcile/change.ts";

/** Why a person should look twice, in words; undefined when there is no reason. */
export function highRiskOf(
  action: "update" | "adopt",
  changedFields: readonly FieldChange[],
): string | undefined {
  const risks = [lostValue(action, changedFields), otherHost(changedFields)];
  return risks.filter((risk) => risk !== undefined).join("; ") || undefined;
}

/** A key that somebody stored by hand is in use, most likely, and nobody can read it back. */
function lostValue(
  action: "update" | "adopt",
  changedFields: readonly FieldChange[],
): string | undefined {
  const isPushed = changedFields.some(
    ({ path, after }) => path === "source_version" && after !== undefined,
  );
  if (action !== "adopt" || !isPushed) return undefined;
  return "the key that it holds now, and that was not pushed from here, is replaced; nobody can read it back";
}

/**
 * A provider key goes to another host than before: whoever can change `api_base` could otherwise
 * read the key there.
 */
function otherHost(changedFields: readonly FieldChange[]): string | undefined {
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
