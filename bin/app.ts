import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { GatewayOpsStack } from "../lib/gateway-ops-stack.ts";
import { readStackSettings, StackSettingsError } from "../lib/settings.ts";

try {
  const app = new App();
  const { node } = app;
  const keys = Object.keys(node.getAllContext());
  const settings = readStackSettings((key) => node.tryGetContext(key), keys);
  new GatewayOpsStack(app, settings.stackName, {
    settings,
    bundles: fileURLToPath(new URL("../dist/functions", import.meta.url)),
    description: `Operates the AI Gateway of the MLflow server ${settings.gatewayUrl}`,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  if (!(error instanceof StackSettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
