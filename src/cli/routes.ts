import { buildRouteMap } from "@stricli/core";
import { applyCommand } from "./commands/apply.ts";
import { driftCommand } from "./commands/drift.ts";
import { exportCommand } from "./commands/export.ts";
import { pauseCommand } from "./commands/pause.ts";
import { planCommand } from "./commands/plan.ts";
import { policyCommand } from "./commands/policy.ts";
import { pushCommand } from "./commands/push.ts";
import { resumeCommand } from "./commands/resume.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { schemaCommand } from "./commands/schema.ts";
import { secretsPushCommand } from "./commands/secrets/push.ts";
import { secretsRevokeCommand } from "./commands/secrets/revoke.ts";
import { secretsStatusCommand } from "./commands/secrets/status.ts";
import { unlockCommand } from "./commands/unlock.ts";
import { validateCommand } from "./commands/validate.ts";

const SECRETS_ROUTES = buildRouteMap({
  routes: {
    status: secretsStatusCommand,
    push: secretsPushCommand,
    revoke: secretsRevokeCommand,
  },
  docs: { brief: "See which values the gateway holds, push them, revoke them" },
});

export const ROUTES = buildRouteMap({
  routes: {
    validate: validateCommand,
    plan: planCommand,
    apply: applyCommand,
    push: pushCommand,
    export: exportCommand,
    drift: driftCommand,
    rollback: rollbackCommand,
    unlock: unlockCommand,
    secrets: SECRETS_ROUTES,
    pause: pauseCommand,
    resume: resumeCommand,
    policy: policyCommand,
    schema: schemaCommand,
  },
  docs: {
    brief: "Operate the AI Gateway of an MLflow server",
    fullDescription: `Operates the AI Gateway of an MLflow server from manifests.

The server and the login are found as MLflow's own clients find them: MLFLOW_TRACKING_URI,
MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or ~/.mlflow/credentials),
MLFLOW_TRACKING_TOKEN, MLFLOW_WORKSPACE.

Exit status: 0 ok, 1 error, 2 changes pending, 3 refused by a guard or stale plan, 4 invalid manifest.`,
  },
});
