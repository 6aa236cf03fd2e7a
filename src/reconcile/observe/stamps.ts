import type { Stamped } from "#gateway/types.ts";
import { type Identity, KINDS } from "#reconcile/state.ts";
import { readMark } from "#runtime/marks.ts";
import { type RawLists, rawByIdentity } from "./resources.ts";

/** When a resource was written last, by the clock of the server, and whether by us. */
interface Stamp {
  readonly updated_at_ms: number;
  readonly isOurs: boolean;
}

/** Of all that the lists show. */
export function stampsIn(lists: RawLists): Map<Identity, Stamp> {
  const all = KINDS.flatMap((kind) => rawByIdentity(kind, lists));
  return new Map(all.map(([identity, raw]) => [identity, stampOf(raw)]));
}

function stampOf({ last_updated_at, last_updated_by }: Stamped): Stamp {
  return { updated_at_ms: last_updated_at, isOurs: readMark(last_updated_by) !== undefined };
}
