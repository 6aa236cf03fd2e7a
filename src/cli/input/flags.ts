import { UsageError } from "#cli/usage-error.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { isOwnerName } from "#runtime/marks.ts";
import { PAUSABLE_WORKERS, type PausableWorker } from "#runtime/pause.ts";

/** A flag that is there or not. */
export function onFlag(brief: string) {
  return { kind: "boolean", brief, optional: true, withNegated: false } as const;
}

/** A flag with a text, which may be left out. */
export function textFlag(placeholder: string, brief: string) {
  return { kind: "parsed", parse: String, placeholder, brief, optional: true } as const;
}

type On = boolean | undefined;
type Text = string | undefined;

export const OWNER_RULE = 'an owner is 1 to 63 letters, digits, "_", "." or "-"';

/** Flags that say whose manifests they are, and where they belong. */
interface PlaceFlags {
  readonly owner: string;
  readonly workspace?: Text;
  /** Read from the arguments before any command runs; here so that it is known and documented. */
  readonly noColor?: On;
}

export const OWNER_DEFAULT = "default";

const PLACE_FLAGS = {
  owner: {
    kind: "parsed",
    parse: parseOwner,
    brief: "Who the manifests belong to",
    placeholder: "name",
    default: OWNER_DEFAULT,
  },
  workspace: textFlag("name", "Workspace of manifests that name none [MLFLOW_WORKSPACE]"),
  noColor: onFlag("Print without colours"),
} as const;

/** As they are given to commands that leave it to the folders, or the ledger, who the owners are. */
export type AskedOf<Flags extends { readonly owner: string }> = Omit<Flags, "owner"> & {
  readonly owner?: Text;
};

/** In place of `owner` where folders say it. */
export const OWNER_FLAG = {
  kind: "parsed",
  parse: parseOwner,
  brief: "Who the manifests belong to [default: the folder that they lie in]",
  placeholder: "name",
  optional: true,
} as const;

export const JSON_FLAG = { json: onFlag("Print JSON for machines") } as const;

/** Flags of commands that ask what the owner may do. */
export interface PolicyFlags {
  readonly policy?: Text;
}

export const POLICY_FLAG = {
  policy: textFlag("file", "Hold this policy.yaml of the platform team"),
} as const;

/** Flags of commands that only ask what an owner may do. */
export interface AccessFlags extends Omit<PlaceFlags, "workspace">, PolicyFlags {
  readonly json?: On;
  readonly stack?: Text;
}

export const ACCESS_FLAGS = {
  owner: PLACE_FLAGS.owner,
  noColor: PLACE_FLAGS.noColor,
  ...JSON_FLAG,
  ...POLICY_FLAG,
  stack: textFlag("name", "Ask this deployed stack for its tenancy and its policy"),
} as const;

/** Flags of commands that check manifests. */
export interface RulesFlags extends PlaceFlags, PolicyFlags {
  readonly json?: On;
}

export const RULES_FLAGS = {
  ...PLACE_FLAGS,
  ...JSON_FLAG,
  ...POLICY_FLAG,
} as const;

/** Flags of commands that speak with a gateway. */
export interface GatewayFlags extends PlaceFlags {
  readonly trackingUri?: Text;
  readonly ledger?: Text;
  readonly stack?: Text;
}

export const GATEWAY_FLAGS = {
  trackingUri: textFlag("url", "Address of the MLflow server [MLFLOW_TRACKING_URI]"),
  ...PLACE_FLAGS,
  ledger: textFlag("file", "Where gwops remembers what it manages [GATEWAY_OPS_LEDGER]"),
  stack: textFlag("name", "Use the ledger, the bucket and the policy of this deployed stack"),
} as const;

/** Flags that say what is paused, and in which ledger; what is left out is not limited. */
export interface PauseFlags extends Omit<GatewayFlags, "owner" | "workspace"> {
  readonly json?: On;
  readonly owner?: Text;
  readonly worker?: PausableWorker | undefined;
}

export const PAUSE_FLAGS = {
  worker: {
    kind: "enum",
    values: PAUSABLE_WORKERS,
    brief: "Only this worker",
    optional: true,
  },
  owner: {
    kind: "parsed",
    parse: parseOwner,
    brief: "Only the work for this owner",
    placeholder: "name",
    optional: true,
  },
  trackingUri: textFlag("url", "Address of the MLflow server [MLFLOW_TRACKING_URI]"),
  ledger: textFlag("file", "Where gwops remembers what it manages [GATEWAY_OPS_LEDGER]"),
  stack: textFlag("name", "Pause the workers of this deployed stack"),
  ...JSON_FLAG,
  noColor: onFlag("Print without colours"),
} as const;

/** Flags of commands that report what they find on a gateway. */
export interface ReportFlags extends GatewayFlags, PolicyFlags {
  readonly json?: On;
}

export const REPORT_FLAGS = { ...GATEWAY_FLAGS, ...JSON_FLAG, ...POLICY_FLAG } as const;

/** Flags of what a plan may do. */
export interface PlanFlags extends ReportFlags, RulesFlags {
  readonly prune?: On;
  /** @default {@link GUARD_LIMITS_DEFAULT} */
  readonly maxDeleteShare?: number | undefined;
  readonly maxUpdateShare?: number | undefined;
}

export const PLAN_FLAGS = {
  ...GATEWAY_FLAGS,
  ...RULES_FLAGS,
  prune: onFlag("Delete what is owned and no longer declared"),
  maxDeleteShare: shareFlag("deleted", GUARD_LIMITS_DEFAULT.maxDeleteShare),
  maxUpdateShare: shareFlag("updated", GUARD_LIMITS_DEFAULT.maxUpdateShare),
} as const;

function shareFlag(deed: string, share: number) {
  return {
    kind: "parsed",
    parse: parseShare,
    brief: `Share of a kind that may be ${deed} without an approval (${share})`,
    placeholder: "0..1",
    optional: true,
  } as const;
}

/** Flags that say in which bucket manifests lie, and how long to wait for what becomes of them. */
export interface BucketFlags {
  readonly stack?: Text;
  readonly bucket?: Text;
  readonly timeout?: number | undefined;
}

export const TIMEOUT_SECONDS_DEFAULT = 300;
const TIMEOUT_SECONDS_MAX = 3_600;

export const BUCKET_FLAGS = {
  bucket: textFlag("name", "The bucket of the stack, where one may not look the stack up"),
  timeout: {
    kind: "parsed",
    parse: parseTimeout,
    brief: `How long to wait for what becomes of it (${TIMEOUT_SECONDS_DEFAULT})`,
    placeholder: "seconds",
    optional: true,
  },
} as const;

/** Flags of commands that put files into a bucket. */
export const PUSH_FLAGS = {
  owner: OWNER_FLAG,
  noColor: PLACE_FLAGS.noColor,
  ...JSON_FLAG,
  stack: textFlag("name", "Use the bucket of this deployed stack"),
} as const;

/** Flags of what writes to a gateway. */
export interface WriteFlags extends PlanFlags {
  readonly approve: readonly string[];
  readonly yes?: On;
  readonly fast?: On;
  readonly takeOver?: On;
}

export const WRITE_FLAGS = {
  ...PLAN_FLAGS,
  approve: {
    kind: "parsed",
    parse: parseChecksum,
    brief: "Let exactly the plan of this checksum pass the guards",
    placeholder: "checksum",
    variadic: true,
    default: [],
  },
  yes: onFlag("Apply without asking"),
  fast: onFlag("Write as fast as the server can, not 20 times a second"),
  takeOver: onFlag("This ledger is the only one: take over what others have marked"),
} as const;

export const FILES = {
  kind: "array",
  parameter: {
    brief: "Manifests: files, folders, patterns, or - for stdin",
    placeholder: "files",
    parse: String,
  },
} as const;

function parseOwner(text: string): string {
  // It becomes a folder in the bucket, a tag, and a part of marks.
  if (isOwnerName(text)) return text;
  throw new UsageError(`${OWNER_RULE}, got "${text}"`);
}

function parseTimeout(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= TIMEOUT_SECONDS_MAX) return seconds;
  throw new UsageError(`a timeout is 1 to ${TIMEOUT_SECONDS_MAX} seconds, got "${text}"`);
}

function parseShare(text: string): number {
  const share = text.trim() === "" ? Number.NaN : Number(text);
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`a share is a number from 0 to 1, got "${text}"`);
}

function parseChecksum(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new UsageError(`a checksum is 64 hexadecimal digits, got "${text}"`);
}
