import type { Change, Plan } from "#reconcile/change.ts";
import { isRecorded, TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualState,
  type DesiredState,
  type Identity,
  identityOf,
  KINDS,
  type Kind,
  type KnownState,
  keyOf,
  kindIn,
} from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { visible, visibleLines } from "#runtime/visible.ts";
import { countKnown, countOwned } from "./context.ts";
import { usesLeft } from "./in-use.ts";
import { protectedUpdates } from "./protection.ts";

/** Shares of what an owner has of a kind that one plan may touch, 0 to 1. */
export interface GuardLimits {
  readonly maxDeleteShare: number;
  readonly maxUpdateShare: number;
}

export const GUARD_LIMITS_DEFAULT: GuardLimits = { maxDeleteShare: 0.3, maxUpdateShare: 0.3 };

/** From this many owned resources of a kind on, shares count; of fewer, the number of deletes. */
const SHARE_OWNED_MIN = 10;
const SMALL_DELETES_MAX = 2;

/** A listing is taken for truncated when more than this share of at least so many is missing. */
const LISTING_OWNED_MIN = 10;
const LISTING_MISSING_SHARE_MAX = 0.3;

type GuardName =
  | "delete-share"
  | "update-share"
  | "delete-count"
  | "delete-all"
  | "protected"
  | "protected-changes"
  | "in-use"
  | "grants-lost"
  | "emptied-manifest"
  | "empty-listing"
  | "truncated-listing";

/** A reason why a plan is not carried out just so. */
export interface GuardTrip {
  readonly guard: GuardName;
  /** The numbers, the setting if there is one, and how to go on. */
  readonly message: string;
  /** Whether an approval of exactly this plan lifts it. */
  readonly is_approvable: boolean;
}

/** The plan may do harm, and nobody approved exactly this one; nothing was changed. */
export class UnsafePlanError extends GatewayOpsError {
  override readonly name = "UnsafePlanError";
  readonly code = "unsafe-plan";
  readonly disposition = "reject";
  readonly trips: readonly GuardTrip[];

  constructor(trips: readonly GuardTrip[]) {
    super(visibleLines(trips.map(({ message }) => message)));
    this.trips = trips;
  }
}

/**
 * What speaks against carrying out a plan, per kind and over all. Adoptions count as nothing, nor
 * do our own records that are written anew; a renamed secret counts as an update. What an owner has
 * is what the ledger knows by id: marks can be set by hand. A plan that the server would refuse is
 * not offered for approval, whatever else speaks against it.
 */
export function guardPlan(
  plan: Plan,
  desired: DesiredState,
  actual: ActualState,
  known: KnownState,
  limits: GuardLimits = GUARD_LIMITS_DEFAULT,
): GuardTrip[] {
  const owned = countKnown(actual, known);
  const written = countOwned(desired, actual, known);
  const trips = [
    ...protectedTrips(plan),
    ...changeTrips(plan, known),
    ...listingTrips(plan, actual, known),
    ...emptiedTrips(plan, desired, owned),
    ...KINDS.flatMap((kind) => [
      ...deleteTrips(plan, kind, owned[kind], limits),
      ...updateTrips(plan, kind, known, written[kind], limits),
    ]),
    ...inUseTrips(plan, actual),
    ...grantsTrips(plan),
  ];
  const mayPass = trips.every(({ is_approvable }) => is_approvable);
  const offer = mayPass ? `; approve exactly this plan with approvals/${plan.checksum}` : "";
  return trips.map((trip) => ({ ...trip, message: visible(`${trip.message}${offer}`) }));
}

function approvable(guard: GuardName, message: string): GuardTrip {
  return { guard, message, is_approvable: true };
}

function final(guard: GuardName, message: string): GuardTrip {
  return { guard, message: `${message}; no approval lifts this`, is_approvable: false };
}

function protectedTrips({ notices }: Plan): GuardTrip[] {
  const keys = notices.flatMap(({ code, key }) => (code === "protected" && key ? [key] : []));
  if (keys.length === 0) return [];
  const are = keys.length === 1 ? "is protected, but" : "are protected, but";
  return [
    final(
      "protected",
      `${keys.join(", ")} ${are} no longer declared: declare each with protected: false before it can be pruned`,
    ),
  ];
}

/** Of what wants a word for any change, and for the end of that. */
function changeTrips({ changes, ended_protection = [] }: Plan, known: KnownState): GuardTrip[] {
  const updates = protectedUpdates(changes, known).map(({ key, fields }) => {
    const paths = [...new Set(fields.map(({ path }) => path))];
    return `${key} is protected from changes, and would change in ${paths.join(", ")}`;
  });
  const ended = ended_protection.map((key) => `${key} would no longer be protected from changes`);
  return [...updates, ...ended].map((message) => approvable("protected-changes", message));
}

function deleteTrips(
  { changes }: Plan,
  kind: Kind,
  owned: number,
  { maxDeleteShare }: GuardLimits,
): GuardTrip[] {
  const deletes = changes.filter((change) => isPrune(change) && change.actual.kind === kind).length;
  const { nouns } = TRAITS[kind];
  if (owned >= SHARE_OWNED_MIN) {
    const what = `${nouns} would be deleted`;
    return shareTrips("delete-share", deletes, owned, maxDeleteShare, {
      what,
      setting: "maxDeleteShare",
    });
  }
  if (deletes > 0 && deletes >= owned) {
    return [approvable("delete-all", `all ${owned} ${nouns} would be deleted`)];
  }
  if (deletes <= SMALL_DELETES_MAX) return [];
  return [
    approvable(
      "delete-count",
      `${deletes} of ${owned} ${nouns} would be deleted, more than ${SMALL_DELETES_MAX} of fewer than ${SHARE_OWNED_MIN}`,
    ),
  ];
}

function updateTrips(
  { changes }: Plan,
  kind: Kind,
  known: KnownState,
  owned: number,
  { maxUpdateShare }: GuardLimits,
): GuardTrip[] {
  if (owned < SHARE_OWNED_MIN) return [];
  const updates = changes.filter((change) => isUpdate(change, kind, known)).length;
  const what = `${TRAITS[kind].nouns} would be updated`;
  return shareTrips("update-share", updates, owned, maxUpdateShare, {
    what,
    setting: "maxUpdateShare",
  });
}

function shareTrips(
  guard: GuardName,
  count: number,
  owned: number,
  shareMax: number,
  { what, setting }: { readonly what: string; readonly setting: string },
): GuardTrip[] {
  // A quotient is rounded once: 3 of 10 is exactly the 0.3 that people write.
  if (count / owned <= shareMax) return [];
  const numbers = `${count} of ${owned} ${what} (${percent(count / owned)})`;
  return [approvable(guard, `${numbers}, more than the ${percent(shareMax)} of ${setting}`)];
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

function isPrune(change: Change): change is Extract<Change, { action: "delete" }> {
  return change.action === "delete" && change.reason === "pruned";
}

function isUpdate(change: Change, kind: Kind, known: KnownState): boolean {
  if (change.action === "delete") return change.reason === "renamed" && change.actual.kind === kind;
  if (change.action !== "update" || change.desired.kind !== kind) return false;
  // After a loss of the ledger nobody knows which values the secrets hold: each is pushed once.
  const isNew = !known.owned.has(identityOf(change.actual));
  return change.changed_fields.some(
    (field) => !isRecorded(kind, field) && !(isNew && VALUE_FIELDS.includes(field.path)),
  );
}

const VALUE_FIELDS: readonly string[] = ["value_from", "source_version"];

function inUseTrips(plan: Plan, actual: ActualState): GuardTrip[] {
  return usesLeft(plan, actual).map(
    ({ message, isRefused }): GuardTrip =>
      isRefused ? final("in-use", message) : approvable("in-use", message),
  );
}

/** MLflow deletes grants with their endpoint, and gives none back to a new one of its name. */
function grantsTrips({ changes }: Plan): GuardTrip[] {
  return changes.flatMap((change): GuardTrip[] => {
    if (change.action !== "delete" || !change.grants?.length) return [];
    const { grants, actual } = change;
    const message = `${keyOf(actual)} would be deleted, and with it what was granted on it: ${grants.join(", ")}`;
    return [approvable("grants-lost", message)];
  });
}

function emptiedTrips(
  { changes }: Plan,
  { resources, in_scope }: DesiredState,
  owned: Readonly<Record<Kind, number>>,
): GuardTrip[] {
  if (resources.length > 0 || !changes.some(isPrune)) return [];
  const counts = KINDS.filter((kind) => in_scope.includes(kind) && owned[kind] > 0).map(
    (kind) => `${owned[kind]} ${owned[kind] === 1 ? TRAITS[kind].noun : TRAITS[kind].nouns}`,
  );
  return [
    approvable(
      "emptied-manifest",
      `the manifests declare nothing, while ${counts.join(", ")} would be left without a declaration`,
    ),
  ];
}

/** A server that shows nothing, or a part, is not one from which everything was deleted. */
function listingTrips(
  { changes }: Plan,
  { resources }: ActualState,
  known: KnownState,
): GuardTrip[] {
  const owned = known.owned.size;
  if (changes.length === 0 || owned === 0) return [];
  if (resources.length === 0) {
    return [
      approvable(
        "empty-listing",
        `the gateway shows nothing at all, while ${owned} resources are known on it`,
      ),
    ];
  }
  const listed = new Set(resources.map(identityOf));
  return KINDS.flatMap((kind) => truncatedTrips(kind, known, listed));
}

function truncatedTrips(kind: Kind, known: KnownState, listed: ReadonlySet<Identity>): GuardTrip[] {
  const ofKind = [...known.owned.keys()].filter((identity) => kindIn(identity) === kind);
  const owned = ofKind.length;
  const missing = ofKind.filter((identity) => !listed.has(identity)).length;
  if (owned < LISTING_OWNED_MIN || missing / owned <= LISTING_MISSING_SHARE_MAX) return [];
  return [
    approvable(
      "truncated-listing",
      `the gateway does not show ${missing} of ${owned} ${TRAITS[kind].nouns} that are known on it (${percent(missing / owned)}, more than ${percent(LISTING_MISSING_SHARE_MAX)})`,
    ),
  ];
}
