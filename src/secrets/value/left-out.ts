import { settingOf } from "#hosts/settings.ts";
import { counted } from "./pick.ts";
import { shownNames } from "./shown-names.ts";

const SHOWN_MAX = 10;

/**
 * Says what of an object that was taken whole is not sent: the names that may be shown, and how many
 * others. A setting must not pass for a secret: litellm takes values over settings, unseen.
 */
export function leftOutNote(
  source: string,
  provider: string,
  object: Readonly<Record<string, unknown>>,
  foreign: readonly string[],
): string {
  const isShown = shownNames(object);
  const shown = foreign.filter(isShown).slice(0, SHOWN_MAX).sort();
  const others = foreign.length - shown.length;
  const names =
    shown.length === 0 ? [counted(others)] : [...shown, ...(others > 0 ? [`${others} more`] : [])];
  const settings = shown.filter((name) => settingOf(name));
  const hint = settings.length > 0 ? `; ${settings.join(", ")} goes into auth_config` : "";
  return `left out of ${source}, as ${provider} is not known to take it: ${names.join(", ")}${hint}`;
}
