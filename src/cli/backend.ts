import type { GatewayAuth } from "#gateway/http/connection.ts";
import type { RejectedLabel } from "#secrets/revoked-version.ts";
import type { RunDependencies } from "#sync/end-run.ts";
import type { ManifestShelf } from "#sync/manifest-source.ts";
import type { ApprovalSource } from "#sync/owner/approval.ts";
import type { RunOwnerDependencies } from "#sync/owner/run-owner.ts";

/** Which gateway a command works on, and with which memory. */
export interface BackendRequest {
  readonly trackingUri: string;
  readonly auth: GatewayAuth;
  readonly owner: string;
  /** Path of a ledger file. @default the one of this server in the user's state folder */
  readonly ledger: string | undefined;
  /** Name of a deployed stack whose ledger and bucket are used instead of files. */
  readonly stack: string | undefined;
  /** Undefined is unlimited. */
  readonly writesPerSecondMax: number | undefined;
  readonly approvals: ApprovalSource;
}

/** What is remembered between commands. */
export interface Memory extends Pick<RunOwnerDependencies, "ledger" | "snapshots"> {
  /** Whether the workers of a deployed stack write to the same ledger. */
  readonly isShared: boolean;
  /** Where the manifests lie that the workers of a deployed stack apply. */
  readonly manifests?: ManifestShelf | undefined;
}

/** The outside world as the use cases need it. */
export interface Backend extends Pick<Memory, "isShared" | "manifests"> {
  readonly dependencies: RunOwnerDependencies & Omit<RunDependencies, "reports">;
  /** Names of the server's workspaces, none if it has none; undefined: one may not ask. */
  readonly workspaces: () => Promise<readonly string[] | undefined>;
  /** Of AWS Secrets Manager, with the rights of the environment. */
  readonly rejectedLabel: () => Promise<RejectedLabel>;
}

export type OpenBackend = (request: BackendRequest) => Promise<Backend>;
