import type { AccessSettings } from "#manifest/check-access.ts";
import {
  describeDenial,
  describeExisting,
  existingDenials,
  experimentDenial,
  externalDenial,
  isNamed,
} from "#manifest/grants.ts";
import type { PlanGrants } from "#reconcile/plan/context.ts";
import { partsOf } from "#reconcile/state.ts";

/** What a plan may ask about the grants of its owner; undefined where there is no policy. */
export function planGrants({ access }: Pick<AccessSettings, "access">): PlanGrants | undefined {
  if (access.is !== "granted") return undefined;
  const { grants } = access;
  return {
    mayReference: (key, owner) => {
      const { kind, name } = partsOf(key);
      // What one could take over one may refer to.
      const isFree = owner === undefined && isNamed(grants, kind, name);
      return isFree || externalDenial(grants, name).length === 0;
    },
    existing: (actual, desired) =>
      existingDenials(grants, actual, desired).map((denial) => ({
        path: denial.path,
        message: describeExisting(denial),
      })),
    experiment: (name) => experimentDenial(grants, name).map(describeDenial)[0],
  };
}
