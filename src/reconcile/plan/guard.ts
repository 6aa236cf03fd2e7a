import type { Change, Plan } from "#reconcile/change.ts";
import { byText, isRecorded, TRAITS } from "#reconcile/kinds.ts";
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
  type ResourceKey,
} from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { visible, visibleLines } from "#runtime/visible.ts";
import { describeBinding } from "./compare.ts";
import { countOwned } from "./context.ts";
import { usersAfter } from "./users.ts";

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
  | "in-use"
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
 * do our own records that are written anew; a renamed secret counts as an update. Numbers are taken from `actual`, not from the plan, which may
 * come from a file.
 */
export function guardPlan(
  plan: Plan,
  desired: DesiredState,
  actual: ActualState,
  known: KnownState,
  limits: GuardLimits = GUARD_LIMITS_DEFAULT,
): GuardTrip[] {
  const owned = countOwned(plan.owner, actual);
  const messages = [
    ...listingTrips(plan, actual, known),
    ...emptiedTrips(plan, desired, owned),
    ...KINDS.flatMap((kind) => shareTrips(plan, kind, known, { owned: owned[kind], limits })),
    ...inUseTrips(plan, actual),
  ];
  return [
    ...protectedTrips(plan),
    ...messages.map(([guard, message]) => ({
      guard,
      message: `${message}; approve exactly this plan with approvals/${plan.checksum}`,
      is_approvable: true,
    })),
  ].map((trip) => ({ ...trip, message: visible(trip.message) }));
}

type Trip = readonly [guard: GuardName, message: string];

function protectedTrips({ notices }: Plan): GuardTrip[] {
  const keys = notices.flatMap(({ code, key }) => (code === "protected" && key ? [key] : []));
  if (keys.length === 0) return [];
  const are = keys.length === 1 ? "is protected, but" : "are protected, but";
  return [
    {
      guard: "protected",
      message: `${keys.join(", ")} ${are} no longer declared: declare each with protected: false before it can be pruned; no approval lifts this`,
      is_approvable: false,
    },
  ];
}

function shareTrips(
  { changes }: Plan,
  kind: Kind,
  known: KnownState,
  { owned, limits }: { readonly owned: number; readonly limits: GuardLimits },
): Trip[] {
  const deletes = changes.filter((change) => isPrune(change) && change.actual.kind === kind).length;
  const updates = changes.filter((change) => isUpdate(change, kind, known)).length;
  const { nouns } = TRAITS[kind];
  if (owned >= SHARE_OWNED_MIN) {
    return [
      ...shareTrip("delete-share", deletes, owned, limits.maxDeleteShare, {
        what: `${nouns} would be deleted`,
        setting: "maxDeleteShare",
      }),
      ...shareTrip("update-share", updates, owned, limits.maxUpdateShare, {
        what: `${nouns} would be updated`,
        setting: "maxUpdateShare",
      }),
    ];
  }
  if (deletes > 0 && deletes >= owned) {
    return [["delete-all", `all ${owned} ${nouns} would be deleted`]];
  }
  if (deletes <= SMALL_DELETES_MAX) return [];
  return [
    [
      "delete-count",
      `${deletes} of ${owned} ${nouns} would be deleted, more than ${SMALL_DELETES_MAX} of fewer than ${SHARE_OWNED_MIN}`,
    ],
  ];
}

function shareTrip(
  guard: GuardName,
  count: number,
  owned: number,
  shareMax: number,
  { what, setting }: { readonly what: string; readonly setting: string },
): Trip[] {
  // A quotient is rounded once: 3 of 10 is exactly the 0.3 that people write.
  if (count / owned <= shareMax) return [];
  const numbers = `${count} of ${owned} ${what} (${percent(count / owned)})`;
  return [[guard, `${numbers}, more than the ${percent(shareMax)} of ${setting}`]];
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

/** Deletes of what something uses that remains, whosoever's it is. */
function inUseTrips({ changes, blocked }: Plan, actual: ActualState): Trip[] {
  const deletes = changes.filter((change) => change.action === "delete");
  if (deletes.length === 0) return [];
  const usersByKey = usersAfter(actual, changes, new Set(blocked.map(({ key }) => key)));
  return deletes.flatMap((change): Trip[] => {
    const key = keyOf(change.actual);
    const users = [...(usersByKey.get(key) ?? [])].sort(byText);
    const bindings = change.actual.kind === "endpoint" ? (change.actual.fields.bindings ?? []) : [];
    return [
      ...trip(key, users, "would be deleted, but is used by"),
      ...trip(key, bindings.map(describeBinding).sort(byText), "would be deleted, but is bound to"),
    ];
  });
}

const USERS_SHOWN_MAX = 5;

function trip(key: ResourceKey, users: readonly string[], text: string): Trip[] {
  if (users.length === 0) return [];
  const shown = users.slice(0, USERS_SHOWN_MAX).join(", ");
  const more = users.length - USERS_SHOWN_MAX;
  return [["in-use", `${key} ${text} ${shown}${more > 0 ? ` and ${more} more` : ""}`]];
}

function emptiedTrips(
  { changes }: Plan,
  { resources, in_scope }: DesiredState,
  owned: Readonly<Record<Kind, number>>,
): Trip[] {
  if (resources.length > 0 || !changes.some(isPrune)) return [];
  const counts = KINDS.filter((kind) => in_scope.includes(kind) && owned[kind] > 0).map(
    (kind) => `${owned[kind]} ${owned[kind] === 1 ? TRAITS[kind].noun : TRAITS[kind].nouns}`,
  );
  return [
    [
      "emptied-manifest",
      `the manifests declare nothing, while ${counts.join(", ")} would be left without a declaration`,
    ],
  ];
}

/** A server that shows nothing, or a part, is not one from which everything was deleted. */
function listingTrips({ changes }: Plan, { resources }: ActualState, known: KnownState): Trip[] {
  const owned = known.owned.size;
  if (changes.length === 0 || owned === 0) return [];
  if (resources.length === 0) {
    return [
      [
        "empty-listing",
        `the gateway shows nothing at all, while ${owned} resources are known on it`,
      ],
    ];
  }
  const listed = new Set(resources.map(identityOf));
  return KINDS.flatMap((kind) => truncatedTrips(kind, known, listed));
}

function truncatedTrips(kind: Kind, known: KnownState, listed: ReadonlySet<Identity>): Trip[] {
  const ofKind = [...known.owned.keys()].filter((identity) => kindIn(identity) === kind);
  const owned = ofKind.length;
  const missing = ofKind.filter((identity) => !listed.has(identity)).length;
  if (owned < LISTING_OWNED_MIN || missing / owned <= LISTING_MISSING_SHARE_MAX) return [];
  return [
    [
      "truncated-listing",
      `the gateway does not show ${missing} of ${owned} ${TRAITS[kind].nouns} that are known on it (${percent(missing / owned)}, more than ${percent(LISTING_MISSING_SHARE_MAX)})`,
    ],
  ];
}
