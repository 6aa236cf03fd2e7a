import * as z from "zod";
import { TARGET_SCOPES } from "#gateway/types.ts";
import { KINDS } from "#reconcile/state.ts";
import { OWNER_NAME } from "#runtime/marks.ts";
import { withBoundedIssues } from "./bounded-schema.ts";
import { text } from "./fields.ts";

/** Each is tried for each of up to 50,000 resources, and walks through a name once for each `*`. */
const PATTERNS_MAX = 200;
const STARS_MAX = 5;
const MORE_STARS = new RegExp(`(?:\\*[^*]*){${STARS_MAX + 1}}`);
/** An ARN of AWS is the longest thing that a pattern may stand for. */
const PATTERN_LENGTH_MAX = 1024;
/** What is a folder of manifests too; `*` is no pattern here. */
const OWNER = new RegExp(`^(\\*|${OWNER_NAME})$`);

/** The version of the policy language that is known. */
export const POLICY_VERSION = 2;

const pattern = text(PATTERN_LENGTH_MAX)
  .refine((value) => !MORE_STARS.test(value), `must hold * at most ${STARS_MAX} times`)
  .meta({ maxLength: PATTERN_LENGTH_MAX, not: { pattern: MORE_STARS.source } });

const patterns = z.array(pattern).max(PATTERNS_MAX);

const budgets = z.strictObject({
  scopes: z.array(z.enum(TARGET_SCOPES)).optional().describe("Scopes that budgets may have"),
  amount_max: z.number().positive().optional().describe("The most that a budget may allow"),
  users: patterns.optional().describe("Users whose spend budgets of the scope USER may count"),
  endpoints: patterns
    .optional()
    .describe(
      "Endpoints of others that budgets of the scope ENDPOINT may count; those that `names` grants need not be named",
    ),
});

const grants = z.strictObject({
  kinds: z.array(z.enum(KINDS)).optional().describe("Kinds that may be managed"),
  names: patterns.optional().describe("Names that managed resources may have, of every kind"),
  secrets: patterns
    .optional()
    .describe("Names and ARNs of AWS secrets that values may come from, as manifests write them"),
  hosts: patterns
    .optional()
    .describe(
      "Hosts that keys may be sent to: those of the providers themselves, such as `api.openai.com`, and what `auth_config` names",
    ),
  workspaces: patterns
    .optional()
    .describe("MLflow workspaces; left out, `default`, which is the only one of most servers"),
  experiments: patterns
    .optional()
    .describe("Names of experiments for traces, and for the scorers of guardrails"),
  externals: patterns
    .optional()
    .describe("Names of resources of others, or of nobody, that may be referred to"),
  budgets: budgets.optional().describe("What budgets may be"),
});

/** `manifests/policy.yaml`: what the platform team grants each owner. */
export const policySchema = withBoundedIssues(
  z
    .strictObject({
      version: z
        .number()
        .refine((version) => version === POLICY_VERSION, {
          error: ({ input }) => wrongVersion(input),
        })
        .meta({ const: POLICY_VERSION })
        .describe("Version of the policy language"),
      owners: z
        .record(
          z.string().regex(OWNER, "must be the name of an owner, or * for all that are not named"),
          grants,
        )
        .describe("Grants by owner; `*` is every owner that is not named"),
    })
    .describe("What each owner of manifests may do: what is not granted is denied"),
);

export type Policy = z.infer<typeof policySchema>;

/** What is granted to an owner: a field that is left out grants nothing, but for `workspaces`. */
export type OwnerGrants = z.infer<typeof grants>;

function wrongVersion(version: unknown): string {
  return version === 1
    ? "must be 2: what is not granted is denied since then, so grant all that version 1 left open (kinds, names, secrets, hosts, experiments, budgets)"
    : `must be ${POLICY_VERSION}, the only version that this Gateway Ops knows; a newer one needs a newer Gateway Ops`;
}
