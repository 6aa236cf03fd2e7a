import type { Notice } from "#reconcile/change.ts";
import { keyOf, type Protection } from "#reconcile/state.ts";
import type { PlanContext } from "./context.ts";
import type { Matching } from "./matching.ts";
import { endedProtection } from "./protection.ts";

/** Of what is protected otherwise from now on: nobody should find out by a delete. */
export function protectionNotices(
  { desired, known }: PlanContext,
  { matches }: Matching,
): Notice[] {
  const ended = new Set(endedProtection(desired, known));
  const there = new Set(matches.flatMap(({ desired, actual }) => (actual ? [desired] : [])));
  return desired.resources.flatMap((resource): Notice[] => {
    const { kind, name, previous_name = name } = resource;
    const key = keyOf({ kind, name });
    const was = [key, keyOf({ kind, name: previous_name })].some((one) => known.protected.has(one));
    const is = resource.protected ?? false;
    if (ended.has(key)) return [{ code: "unprotected", key, message: is ? LESS : GUARD_ENDED }];
    if (was === Boolean(is)) return [];
    if (was) return [{ code: "unprotected", key, message: ENDED }];
    return is ? [{ code: "newly-protected", key, message: begun(is, there.has(resource)) }] : [];
  });
}

const ENDED =
  "was protected, and is not declared so any more: this plan ends its protection; protected: true keeps it";
const GUARD_ENDED =
  "was protected from changes, and is not declared so any more: this plan ends its protection; protected: changes keeps it";
const LESS =
  "was protected from changes, and is declared as protected from deletes alone; protected: changes keeps it";

function begun(protection: Protection, isThere: boolean): string {
  const start = isThere ? "was not protected, and is declared so now" : "is made as protected";
  const end = protection === "changes" ? ", nor changes it without a second word" : "";
  return `${start}: from this plan on no plan deletes it${end}`;
}
