import type { PlanIssue } from "#reconcile/change.ts";
import { keyOf } from "#reconcile/state.ts";
import { lookUp, type PlanContext } from "./context.ts";
import type { Match } from "./matching.ts";

/**
 * A model is of the provider that its secret is for. MLflow sends the key to the provider of the
 * model definition, and some read the address out of the name of the model: whoever may use a secret
 * of others could have its key sent to themselves. Of declared secrets the rules of the manifest say
 * so; what is there already stays.
 */
export function providerIssues(context: PlanContext, { desired, actual }: Match): PlanIssue[] {
  if (desired.kind !== "model_definition") return [];
  const { secret, provider, model_name } = desired.fields;
  if (secret === undefined || context.declared.has(`secret/${secret}`)) return [];
  if (actual?.kind === "model_definition") {
    const { fields } = actual;
    const isSameCall = fields.provider === provider && fields.model_name === model_name;
    if (isSameCall && fields.secret === secret) return [];
  }
  return lookUp(context, `secret/${secret}`).flatMap(({ kind, fields }) => {
    const expected = kind === "secret" ? fields.provider : "";
    if (expected === "" || expected === provider) return [];
    const message = `must be the provider of the secret "${secret}", ${expected}, got "${provider}"`;
    return [{ rule: "provider-contradiction", key: keyOf(desired), path: ["provider"], message }];
  });
}
