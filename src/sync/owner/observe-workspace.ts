import { TRAITS } from "#reconcile/kinds.ts";
import type { TrackingReader } from "#reconcile/observe/experiments.ts";
import {
  type GatewayReader,
  observe,
  type Reading,
  type Wanted,
} from "#reconcile/observe/observe.ts";
import { isThere } from "#reconcile/observe/resources.ts";
import {
  lacksIntended,
  mayMeetOthers,
  missingIn,
  recognised,
  strangersIn,
  withIntended,
} from "#reconcile/plan/recognise.ts";
import {
  type ActualState,
  type DesiredState,
  type Identity,
  idIn,
  type KnownState,
  keyLeft,
  kindIn,
} from "#reconcile/state.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { mapLimited } from "#runtime/limit.ts";
import { type HistoryDependencies, readOthers } from "#sync/history/snapshot-history.ts";

export interface ObserveDependencies extends HistoryDependencies {
  gatewayOf(workspace: string, deadline: Deadline): GatewayReader;
  trackingOf(workspace: string, deadline: Deadline): TrackingReader;
  readonly deadline: Deadline;
}

/** A workspace as it is, and what the ledger knows of it. */
export interface Observed {
  readonly actual: ActualState;
  readonly known: KnownState;
}

interface ObserveOptions extends Pick<Wanted, "trustsExperiments"> {
  /** Begun before. */
  readonly reading?: Reading | undefined;
}

/** A list lacks what is there: an old copy of the server's data answered, or a part of it. */
class DoubtedListError extends GatewayOpsError {
  override readonly name = "DoubtedListError";
  readonly code = "doubted-list";
  readonly disposition = "retry";
}

/** Of what the lists lack; a guard speaks where much more is missing. */
const ASKED_MAX = 20;
const ASKED_AT_ONCE = 4;

/**
 * Looks at a workspace through the eyes of its owner's ledger:
 *
 * 1. read the gateway; again if a list lacks what a killed run may have made
 * 2. what that run has made is the owner's
 * 3. ask by id for what is declared, was left there, and no list shows: if it is there after all,
 *    no list is believed
 * 4. learn what other owners left, if anything that is meant may be theirs
 * 5. what is known by id goes by its name
 */
export async function observeWorkspace(
  dependencies: ObserveDependencies,
  desired: DesiredState,
  memory: KnownState,
  { trustsExperiments, reading }: ObserveOptions = {},
): Promise<Observed> {
  const { owner, workspace } = desired;
  const wanted = { desired, known: memory, trustsExperiments };
  const first = await look(dependencies, wanted, reading);
  const seen = lacksIntended(memory, first) ? await look(dependencies, wanted) : first;
  const own = withIntended(memory, seen, owner);
  const strangers = strangersIn(seen, own);
  await checkLists(dependencies, workspace, own, missingIn(seen, desired, own, strangers));
  const others = mayMeetOthers(strangers, desired, own)
    ? await readOthers(dependencies, owner, workspace)
    : own.others;
  const known = { ...own, others };
  return { actual: recognised(seen, desired, known), known };
}

/** The same again, after a run that knew as much. */
export async function observeAgain(
  dependencies: ObserveDependencies,
  desired: DesiredState,
  known: KnownState,
): Promise<ActualState> {
  const seen = await look(dependencies, { desired, known, trustsExperiments: true });
  return recognised(seen, desired, known);
}

function look(
  { gatewayOf, trackingOf, ledger, deadline }: ObserveDependencies,
  wanted: Wanted,
  reading?: Reading,
): Promise<ActualState> {
  const { workspace } = wanted.desired;
  const [gateway, tracking] = [gatewayOf(workspace, deadline), trackingOf(workspace, deadline)];
  return observe(gateway, tracking, ledger, wanted, reading);
}

async function checkLists(
  { gatewayOf, deadline }: ObserveDependencies,
  workspace: string,
  { owned }: KnownState,
  missing: readonly Identity[],
): Promise<void> {
  const gateway = gatewayOf(workspace, deadline);
  await mapLimited(missing.slice(0, ASKED_MAX), ASKED_AT_ONCE, async (identity) => {
    const [kind, id] = [kindIn(identity), idIn(identity)];
    if (!(await isThere(gateway, kind, id))) return;
    const key = keyLeft(identity, owned.get(identity) ?? id);
    throw new DoubtedListError(
      `the gateway's list of ${TRAITS[kind].nouns} lacks ${key} (${id}), which it has when asked for it by id: no list is believed now, and nothing is planned; try again`,
    );
  });
}
