import { GATEWAY_FLAGS, type GatewayFlags, JSON_FLAG, OWNER_FLAG } from "./flags.ts";

/** Flags of commands that look at the secrets of a ledger; what is left out is not limited. */
export interface SecretFlags extends Omit<GatewayFlags, "owner"> {
  readonly owner?: string | undefined;
  readonly json?: boolean | undefined;
}

export const SECRET_FLAGS = {
  ...GATEWAY_FLAGS,
  owner: { ...OWNER_FLAG, brief: "Only the secrets of this owner" },
  workspace: { ...GATEWAY_FLAGS.workspace, brief: "Only the secrets of this workspace" },
  ...JSON_FLAG,
} as const;

export const SECRET_NAMES = {
  kind: "array",
  parameter: { brief: "Names of gateway secrets", placeholder: "names", parse: String },
} as const;
