import { OPEN } from "#manifest/access.ts";
import { accessFindings } from "#manifest/check-access.ts";
import { contextOf } from "#manifest/declared.ts";
import { duplicates } from "#manifest/duplicates.ts";
import { lint, subjectOf } from "#manifest/lint.ts";
import { manifestSchema } from "#manifest/schema.ts";
import { suggestion } from "#manifest/suggest.ts";
import { toDesired } from "#manifest/to-desired.ts";
import { type ActualState, type DesiredState, WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { OWNER, planned, requireEmpty } from "./ours.ts";

/**
 * Schema, rules, policy, desired state and plan of a document that is read already, against a
 * gateway that is as declared. The same functions as in `checkFiles`, which refuses more than
 * 50,000 resources.
 */
export async function pureCheckAndPlan(document: unknown, actual: ActualState): Promise<void> {
  requireEmpty(planned(await declaredBy(document), actual));
}

/** A gateway that is as the document declares. */
export async function actualOf(document: unknown): Promise<ActualState> {
  const { resources } = await declaredBy(document);
  return {
    resources: resources.map(({ kind, name, fields }) => ({
      ...{ kind, name, fields, owner: OWNER },
      id: `id-of-${name}`,
    })) as unknown as ActualState["resources"],
    ...{
      experiments: new Map(),
      deletedExperiments: new Map(),
      guardrails: [],
      scorers: new Map(),
    },
  };
}

async function declaredBy(document: unknown): Promise<DesiredState> {
  const manifest = manifestSchema.parse(document);
  const subject = subjectOf(manifest);
  const file = { name: "bench.yaml", manifest, subject, locate: async () => [] };
  const repeated = await duplicates([file], new Map());
  const context = contextOf(
    [file],
    new Map(),
    new Map(),
    { sources: "aws", suggest: suggestion },
    true,
  );
  const findings = [
    ...[...repeated.values()].flatMap(({ first }) => first),
    ...lint(subject, context).errors.first,
    ...accessFindings(subject, { access: OPEN, allowLoopbackApiBase: false }),
  ];
  if (findings.length > 0) throw new Error(`the manifest is wrong: ${JSON.stringify(findings)}`);
  return toDesired(OWNER, WORKSPACE_DEFAULT, [manifest]);
}
