import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, type Stack, Validations } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks } from "cdk-nag";
import { GatewayOpsStack } from "../../lib/gateway-ops-stack.ts";
import { readStackSettings } from "../../lib/settings.ts";

const WORKERS = [
  "config-sync",
  "secret-push",
  "secret-rotation",
  "budget-monitor",
  "message-publisher",
];
const DEFAULTS = {
  gatewayUrl: "https://mlflow.example.com",
  gatewayCredentials: "gateway-ops/login",
};
/** The feature flags shape the template, so tests use those of a real deployment. */
const FEATURE_FLAGS = JSON.parse(
  readFileSync(new URL("../../cdk.json", import.meta.url), "utf8"),
).context;

export type Context = Readonly<Record<string, string | undefined>>;
/** Properties of a resource as in the template; a test says what it expects in there. */
// biome-ignore lint/suspicious/noExplicitAny: the template has no types
type Properties = any;

/** The template that `cdk synth -c key=value` would write, but for the code of the functions. */
export function synthesize(context: Context = {}): Template {
  // The CDK's own checks take longer than all else; `synthesizeChecked` runs them.
  const app = new App({ context: FEATURE_FLAGS, builtinCloudFormationValidation: false });
  return Template.fromStack(aStack(app, context));
}

/** Throws when the CDK or cdk-nag finds something in the stack that is not acknowledged. */
export function synthesizeChecked(
  change: (stack: Stack) => void = () => {},
  context: Context = {},
): void {
  const app = new App({ context: FEATURE_FLAGS });
  change(aStack(app, context));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

function aStack(app: App, context: Context = {}): GatewayOpsStack {
  const passed: Context = { ...DEFAULTS, ...context };
  const settings = readStackSettings((key) => passed[key]);
  return new GatewayOpsStack(app, settings.stackName, { settings, bundles: bundles() });
}

/** Properties of the one resource of a type for which `isWanted` holds. */
export function propertiesOf(
  template: Template,
  type: string,
  isWanted: (name: string, properties: Properties) => boolean,
): Properties {
  const wanted = Object.entries(template.findResources(type)).filter(([id, { Properties }]) =>
    isWanted(withoutHash(id), Properties),
  );
  if (wanted.length !== 1) throw new Error(`${wanted.length} resources of type ${type} match`);
  return wanted[0]?.[1].Properties;
}

/** The event source mapping that reads from `source`, such as `<Ledger.StreamArn>`. */
export function mappingFrom(template: Template, source: string): Properties {
  return propertiesOf(
    template,
    "AWS::Lambda::EventSourceMapping",
    (_, { EventSourceArn }) => textOf(EventSourceArn) === source,
  );
}

/** What a role may do, one line for each action and resource, with the condition if there is one. */
export function permissionsOf(template: Template, role: string): string[] {
  return Object.entries(template.findResources("AWS::IAM::Policy"))
    .filter(([id]) => withoutHash(id) === `${role}DefaultPolicy`)
    .flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement)
    .flatMap(permissionsIn)
    .sort();
}

/** The same of every policy in the template, whatever it is attached to. */
export function allPermissions(template: Template): string[] {
  const statements: Properties[] = [];
  JSON.stringify(template.toJSON(), (key, value) => {
    if (key === "Statement") statements.push(...value);
    return value;
  });
  return statements.filter(({ Effect }) => Effect === "Allow").flatMap(permissionsIn);
}

function permissionsIn({ Action, Resource = "itself", Condition }: Properties): string[] {
  const condition = Condition === undefined ? "" : ` if ${JSON.stringify(Condition)}`;
  return [Action]
    .flat()
    .flatMap((action: string) =>
      [Resource].flat().map((resource: unknown) => `${action} on ${textOf(resource)}${condition}`),
    );
}

/** Shows a CloudFormation value as text, such as `<ConfigSyncBucket.Arn>/runs/*`. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const [[name, argument]] = Object.entries(value as Record<string, unknown>) as [
    [string, unknown],
  ];
  switch (name) {
    case "Ref":
      return `<${withoutHash(String(argument))}>`;
    case "Fn::GetAtt": {
      const [id, attribute] = argument as [string, string];
      return `<${withoutHash(id)}.${attribute}>`;
    }
    case "Fn::Join": {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(textOf).join(separator);
    }
    default:
      return JSON.stringify(value);
  }
}

function withoutHash(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, "");
}

let bundleFolder: string | undefined;

function bundles(): string {
  if (bundleFolder === undefined) {
    bundleFolder = mkdtempSync(join(tmpdir(), "gateway-ops-bundles-"));
    for (const name of WORKERS) {
      mkdirSync(join(bundleFolder, name));
      writeFileSync(join(bundleFolder, name, "index.js"), "");
    }
  }
  return bundleFolder;
}
