import * as z from "zod";
import { TARGET_SCOPES } from "#gateway/types.ts";
import { KINDS } from "#reconcile/state.ts";

const globs = z.array(z.string().min(1));

const grants = z.strictObject({
  kinds: z.array(z.enum(KINDS)).optional().describe("Kinds that may be managed"),
  names: globs.optional().describe("Patterns of the names that resources may have"),
  secrets: globs
    .optional()
    .describe("Patterns of the names and ARNs of AWS secrets, as manifests write them"),
  api_base_hosts: globs.optional().describe("Patterns of the hosts that keys may be sent to"),
  externals: globs
    .optional()
    .describe("Patterns of the names of other owners' resources that may be referred to"),
  budgets: z
    .strictObject({
      scopes: z.array(z.enum(TARGET_SCOPES)).optional().describe("Scopes that budgets may have"),
      amount_max: z.number().positive().optional().describe("The most that a budget may allow"),
    })
    .optional()
    .describe("What budgets may be"),
});

/** `manifests/policy.yaml`: what the platform team grants each owner. */
export const policySchema = z.strictObject({
  version: z.literal(1).describe("Version of the policy language"),
  owners: z
    .record(z.string().min(1), grants)
    .describe("Grants by owner; `*` is every owner that is not named"),
});

export type Policy = z.infer<typeof policySchema>;

/** What is granted to an owner: a field that is left out restricts nothing, but `externals`. */
export type OwnerGrants = z.infer<typeof grants>;
