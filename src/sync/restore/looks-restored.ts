import type { Identity, ResourceKey } from "#reconcile/state.ts";

/** A resource that earlier runs left, and when it was written last, as far as the ledger knows. */
export interface KnownStamp {
  readonly identity: Identity;
  readonly key: ResourceKey;
  /** By the clock of the gateway. */
  readonly updated_at_ms: number;
  /**
   * - `seen`: a former look at the whole gateway saw it
   * - `written`: a push read it back since; by now the gateway may have been another one
   * - `applied`: only the time of the run that left it is known, by our clock
   */
  readonly from: "seen" | "written" | "applied";
}

/** The same on the gateway now. */
export interface ActualStamp {
  readonly updated_at_ms: number;
  /** Whether we wrote it last: whoever edits it by hand replaces our mark, or leaves none. */
  readonly isOurs: boolean;
}

/** Why the gateway's database seems to be an older one. */
export interface Restored {
  /** The newest time of what is as it was: the copy is about as old, or newer. */
  readonly asOfMs: number;
  /** Written last before the time at which we wrote them. */
  readonly movedBack: readonly KnownStamp[];
  readonly gone: readonly KnownStamp[];
}

/** A list may come from a replica that lags behind: what was written just now says nothing yet. */
const LAG_MS = 5 * 60_000;
/** A time that moves back says much, and something that is gone little: people delete things. */
const EVIDENCE_MIN = 2;
const GONE_ALONE_MIN = 3;

/**
 * Whether the gateway is as it was at an earlier time. MLflow stamps each write with its clock, and
 * nothing but an older copy of its database takes a stamp back under our mark, or takes away all
 * that was written last and nothing else. Such a copy holds exactly what was written until one
 * moment: where the stamps agree on no such moment (a clock that was set back) it is none.
 */
export function looksRestored(
  known: readonly KnownStamp[],
  actual: ReadonlyMap<Identity, ActualStamp>,
  nowMs: number,
): Restored | undefined {
  const settled = known.filter(({ updated_at_ms }) => nowMs - updated_at_ms >= LAG_MS);
  const movedBack = settled.filter((one) => isMovedBack(one, actual.get(one.identity)));
  const gone = settled.filter(({ identity }) => !actual.has(identity));
  const stayed = known.filter(
    ({ identity, from, updated_at_ms }) =>
      from === "seen" && actual.get(identity)?.updated_at_ms === updated_at_ms,
  );
  const asOfMs = Math.max(
    0,
    ...stayed.map((one) => one.updated_at_ms),
    ...movedBack.map(({ identity }) => actual.get(identity)?.updated_at_ms ?? 0),
  );
  const isLater = ({ updated_at_ms }: KnownStamp) => updated_at_ms > asOfMs;
  if (!movedBack.every(isLater)) return undefined;
  const lost = gone.filter(isLater);
  const restored = { asOfMs, movedBack, gone: lost };
  if (movedBack.length > 0) {
    return movedBack.length + lost.length >= EVIDENCE_MIN ? restored : undefined;
  }
  const newestMs = Math.max(0, ...[...actual.values()].map((one) => one.updated_at_ms));
  const isNewest = lost.every(({ updated_at_ms }) => updated_at_ms > newestMs);
  return isNewest && lost.length >= GONE_ALONE_MIN && lost.length === gone.length
    ? restored
    : undefined;
}

function isMovedBack({ updated_at_ms, from }: KnownStamp, actual: ActualStamp | undefined) {
  if (!actual?.isOurs || from === "applied") return false;
  return actual.updated_at_ms < updated_at_ms;
}
