import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { OPEN } from "#manifest/access.ts";
import { checkFiles } from "#manifest/check-files.ts";
import { exportManifest } from "#manifest/export.ts";
import { parseManifest } from "#manifest/parse.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { Change } from "#reconcile/change.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { NOTHING_KNOWN } from "#reconcile/state.ts";
import { OWNER, unknownScenarios } from "./state-arbitraries.ts";

test("the export of any gateway is read and plans to nothing but adoptions, with an empty ledger", async () => {
  let adoptions = 0;
  await fc.assert(
    fc.asyncProperty(unknownScenarios, async ({ actual, desired: { workspace } }) => {
      const text = exportManifest(actual, { owner: OWNER, workspace });
      const { workspaces, invalid } = await checkFiles({
        access: OPEN,
        files: [{ name: "export.yaml", parsed: await parseManifest(text) }],
        frozenByFile: new Map(),
        sources: "any",
        allowLoopbackApiBase: true,
      });
      expect(invalid).toEqual([]);
      const manifests = workspaces.get(workspace)?.valid.map(({ manifest }) => manifest) ?? [];
      const desired = toDesired(OWNER, workspace, manifests);

      const { plan, issues } = planChanges(desired, actual, NOTHING_KNOWN, {
        prune: false,
        // What others own is external; whether that is granted is not the export's business.
        grants: { mayReference: () => true, existing: () => [], experiment: () => undefined },
      });

      // Endpoints that rewrite each other's text in a circle are refused in any manifest.
      fc.pre(!issues.some(({ rule }) => rule === "action-endpoint-cycle"));
      expect(issues).toEqual([]);
      const written = plan.changes.filter((change) => !isRemembered(change));
      for (const change of written) {
        expect(change).toMatchObject({ action: "adopt", changed_fields: [] });
      }
      adoptions += written.length;
    }),
    { numRuns: 1000 },
  );
  // An export of nothing would plan to nothing, too.
  expect(adoptions).toBeGreaterThan(1000);
}, 120_000);

/** The ledger that lost a budget of ours learns of it again; the gateway is not written. */
function isRemembered(change: Change): boolean {
  return (
    change.action === "update" &&
    change.desired.kind === "budget" &&
    change.changed_fields.every(({ path }) => path === "labels")
  );
}
