import type { GwopsContext } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import type { Change } from "#reconcile/change.ts";

const ACTIONS = ["create", "adopt", "update", "delete"] as const;
const YES = /^y(es)?$/i;

/** `3 to create, 1 to delete` */
function numbersOf(changes: readonly Change[]): string {
  return ACTIONS.flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count > 0 ? [`${count} to ${action}`] : [];
  }).join(", ");
}

/** Asks a person to confirm the changes; throws where nobody can be asked. */
export async function confirmed(
  context: Pick<GwopsContext, "ask">,
  changes: readonly Change[],
): Promise<boolean> {
  return isAnsweredYes(context, numbersOf(changes), "apply");
}

/** Asks whether to do something about what was found; throws where nobody can be asked. */
export async function isAnsweredYes(
  { ask }: Pick<GwopsContext, "ask">,
  found: string,
  act: string,
): Promise<boolean> {
  if (!ask) {
    throw new UsageError(
      `${found}: nobody can be asked here, so nothing was changed. Add --yes to ${act} without asking`,
    );
  }
  return YES.test((await ask(`${found}: ${act}? [y/N] `)).trim());
}
