import { workspaceOf } from "#manifest/sections.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import type { Rule } from "./rule.ts";

export const budgetInOtherWorkspace: Rule = {
  id: "budget-in-other-workspace",
  severity: "warning",
  title: "Budgets in a workspace other than `default`",
  why: "MLflow loads the budgets of one workspace at a time: those of the others are not counted meanwhile",
  check: ({ manifest, budgets }) => {
    const workspace = workspaceOf(manifest);
    if (workspace === WORKSPACE_DEFAULT || budgets.length === 0) return [];
    const message = `are unreliable in a server with several workspaces, got workspace "${workspace}": MLflow loads the budgets of one at a time`;
    return [{ path: ["budgets"], message }];
  },
};
