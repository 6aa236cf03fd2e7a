import type { TrackingReader } from "#reconcile/observe/experiments.ts";
import {
  type GatewayReader,
  observe,
  type Reading,
  type Wanted,
} from "#reconcile/observe/observe.ts";
import {
  lacksMeant,
  madeByRuns,
  mayMeetOthers,
  recognised,
  strangersIn,
  withIntended,
} from "#reconcile/plan/recognise.ts";
import type { ActualResource, ActualState, DesiredState, KnownState } from "#reconcile/state.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { intendedByOwner } from "#sync/history/intents.ts";
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

/**
 * Looks at a workspace through the eyes of its owner's ledger:
 *
 * 1. read the gateway; again if the lists lack what a killed run may have made, or an external
 * 2. learn what other owners left and their killed runs made, if anything that is meant may be theirs
 * 3. what the owner's own killed run has made is the owner's, unless it is theirs by now
 * 4. what is known by id goes by its name
 */
export async function observeWorkspace(
  dependencies: ObserveDependencies,
  desired: DesiredState,
  memory: KnownState,
  { trustsExperiments, reading }: ObserveOptions = {},
): Promise<Observed> {
  const { owner } = desired;
  const wanted = { desired, known: memory, trustsExperiments };
  const first = await look(dependencies, wanted, reading);
  const seen = lacksMeant(memory, desired, first) ? await look(dependencies, wanted) : first;
  const strangers = strangersIn(seen, memory);
  const others = mayMeetOthers(strangers, desired, memory)
    ? await othersIn(dependencies, desired, strangers)
    : memory.others;
  const known = withIntended({ ...memory, others }, seen, owner);
  return { actual: recognised(seen, desired, known), known };
}

/** What others left, and what runs of theirs that were killed have made. */
async function othersIn(
  dependencies: HistoryDependencies,
  { owner, workspace }: DesiredState,
  strangers: readonly ActualResource[],
): Promise<KnownState["others"]> {
  const left = await readOthers(dependencies, owner, workspace);
  const made = madeByRuns(strangers, await intendedByOwner(dependencies.ledger, workspace));
  const theirs = [...made].filter(([, maker]) => maker !== owner);
  return new Map([...theirs, ...left]);
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
