import * as z from "zod";
import { PLAN_VERSION } from "#reconcile/plan/document.ts";
import { KINDS } from "#reconcile/state.ts";
import { RUN_OUTCOMES } from "#sync/report/report.ts";

/**
 * The document that plan, apply, drift, rollback, previews and reports have in common, for those
 * that read it. What it says stands in `PlanReport`; here it is said once more as a schema.
 */

const text = z.string();
const count = z.int().min(0);
const kind = z.enum(KINDS);
const key = z
  .templateLiteral([kind, "/", z.string()])
  .describe("Kind and name: secret/openai-prod");
const outcome = z.enum(RUN_OUTCOMES);
const perKind = <T extends z.ZodType>(value: T) => z.record(kind, value);
const error = z.object({ code: text, message: text });
const path = z.array(z.union([text, z.number()]));

const issue = z.object({
  rule: text.describe("What found it: syntax, schema, policy, or the id of a rule"),
  path: path.describe("Keys and indexes from the root of the file"),
  line: count,
  column: count,
  message: text,
});

const manifest = z.object({
  key: text.describe("Name of the file"),
  version_id: text,
  outcome,
  issues: z.array(issue).optional().describe("Everything wrong with it"),
  warnings: z.array(issue).optional(),
  text: text.optional().describe("The file itself, in a plan that is kept to be applied"),
});

const change = z.object({
  action: z.enum(["create", "update", "adopt", "delete"]),
  key,
  former_key: key.optional().describe("What it is called until then"),
  reason: z.enum(["pruned", "renamed"]).optional().describe("Why it is deleted"),
  fields: z.record(text, z.unknown()).optional().describe("Of something new: all that is set"),
  changed_fields: z
    .array(
      z.object({
        path: text.describe("A field, or one element of it: models[2].weight, tags.team"),
        before: z.unknown().optional().describe("Left out: there is none, or it is not known"),
        after: z.unknown().optional().describe("Left out: it is taken away"),
        remark: text.optional().describe("Why it differs"),
      }),
    )
    .optional(),
  high_risk: text.optional().describe("Why a person should look twice"),
  impact: text.optional().describe("What others lose or must do because of it"),
});

const changeOutcome = z.discriminatedUnion("outcome", [
  z.object({
    key,
    outcome: z.literal("applied"),
    id: text.optional(),
    duration_ms: z.number(),
    push: z
      .object({
        name: text,
        secret_id: text,
        outcome: z.enum(["created", "updated", "unchanged"]),
        version_id: text.optional(),
        previous_version_id: text.optional(),
        pushed_at_ms: z.number(),
        effective_by_ms: z.number(),
        note: text.optional(),
        probe: z
          .object({ verdict: z.enum(["proven", "inconclusive"]), reason: text })
          .optional()
          .describe("Of a value that was tried before it was pushed"),
      })
      .optional()
      .describe("Of a secret: which version the gateway holds, and when it is used everywhere"),
  }),
  z.object({
    key,
    outcome: z.literal("failed"),
    duration_ms: z.number(),
    code: text,
    message: text,
    disposition: z.enum(["retry", "reject"]),
  }),
  z.object({ key, outcome: z.literal("skipped"), because: key }),
  z.object({ key, outcome: z.literal("not-attempted") }),
]);

const unmanaged = z.object({
  total: count.describe("What nobody manages"),
  names: z.array(text).describe("The first of it"),
  of_others: count.describe("What other owners have"),
});

const workspace = z.object({
  version: z.literal(PLAN_VERSION),
  server: text,
  owner: text,
  workspace: text,
  outcome,
  prune: z.boolean().describe("Whether resources that are no longer declared are deleted"),
  checksum: text.describe("SHA-256 of what is done: an approval fits exactly one plan"),
  fingerprint: text.describe("SHA-256 of what the plan was made against"),
  counts: z.object({
    create: count,
    update: count,
    adopt: count,
    delete: count,
    blocked: count,
  }),
  owned_before: perKind(count).describe("What the owner has, by kind"),
  changes: z.array(change).describe("In the order in which they can be carried out"),
  blocked: z.array(z.object({ key, message: text })),
  notices: z.array(z.object({ code: text, key: key.optional(), message: text })),
  out_of_scope: z.array(kind).describe("Kinds that no manifest speaks of"),
  unmanaged: perKind(unmanaged).describe("On the gateway, and not this owner's"),
  refusals: z
    .array(z.object({ guard: text, message: text, is_approvable: z.boolean() }))
    .describe("What the guards have against it"),
  approval: z.object({ checksum: text, by: text }).optional(),
  outcomes: z.array(changeOutcome).describe("What became of each change"),
  error: error.optional(),
});

export const planReportSchema = z.object({
  version: z.literal(PLAN_VERSION).describe("Version of this document"),
  server: z.url().describe("Address of the MLflow server that the plan was made for"),
  owner: text,
  trigger: z
    .object({
      kind: text.describe("What made it happen: a command, a file, the schedule"),
      key: text.optional(),
      by: text.optional(),
    })
    .optional(),
  outcome: outcome.describe("The gravest of all"),
  manifests: z.array(manifest),
  deleted_manifests: z.array(text).describe("What they declared stays as it is"),
  workspaces: z.array(workspace),
  holds: z
    .array(
      z.object({
        workspace: text,
        run_id: text.describe("The run that went back"),
        since: text,
        by: text,
        to: z.object({ run_id: text, applied_at: text }),
        message: text,
        is_over: z.literal(true).optional(),
      }),
    )
    .optional()
    .describe("What the owner went back to, and stays at until its files declare something else"),
  put_back: z
    .array(
      z.object({
        key: text,
        done: z.enum(["put-back", "removed", "left", "failed"]),
        message: text.optional(),
      }),
    )
    .optional()
    .describe("Of a rollback with --stack: what became of the manifests in the bucket"),
  error: error.optional().describe("What ended the run before it could plan"),
  workspace: text.optional().describe("Of a kept plan: the workspace of files that name none"),
  prune: z.boolean().optional(),
  source: z
    .object({ key: text, version_id: text })
    .optional()
    .describe("Of a preview: the file that was put under plans/"),
  run_id: text.optional(),
  started_at: text.optional(),
  finished_at: text.optional(),
  timings_ms: z.record(text, z.number()).optional(),
  requests: z.record(text, z.number()).optional().describe("To the gateway, by operation"),
});

export function planJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(planReportSchema, { target: "draft-2020-12" });
  return {
    $schema,
    $id: `urn:mlflow-gateway-ops:plan:${PLAN_VERSION}`,
    title: `Plan of MLflow Gateway Ops, version ${PLAN_VERSION}`,
    ...schema,
  };
}
