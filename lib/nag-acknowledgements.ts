import { type Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import { INPUT_PREFIXES, OUTPUT_PREFIXES } from "./config-sync.ts";

interface Acknowledgement {
  /** Path of the construct below the stack. */
  readonly construct: string;
  readonly rule: string;
  readonly reason: string;
}

const NO_ACCESS_LOG =
  "Every version of a manifest is kept and each run names the version it used; an access log would " +
  "need a second bucket. An account that wants one records S3 data events in its trail.";
const IS_FAILURE_QUEUE = "It is itself where undeliverable messages end.";
const ONE_PREFIX =
  "Objects below one prefix of the manifest bucket, and one kind of access to them.";
const TAGGED_SECRETS =
  "Which secrets feed the gateway is decided by tagging them, not at deploy time: a condition " +
  "admits only those with the tag gateway-ops:owner.";
const ONE_FUNCTION = "Versions and aliases of the one function that the schedule calls.";

const PROVIDER_SECRETS =
  "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:*]";

/** Every finding of cdk-nag that is meant to be as it is; any other fails the synthesis. */
const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  { construct: "ConfigSync/Bucket", rule: "AwsSolutions-S1", reason: NO_ACCESS_LOG },
  ...[...INPUT_PREFIXES, ...OUTPUT_PREFIXES].map((prefix) => ({
    construct: "ConfigSync/Function/Role",
    rule: `AwsSolutions-IAM5[Resource::<ConfigSyncBucket308478B3.Arn>/${prefix}*]`,
    reason: ONE_PREFIX,
  })),
  { construct: "ConfigSync/Function/Role", rule: PROVIDER_SECRETS, reason: TAGGED_SECRETS },
  { construct: "SecretPush/Function/Role", rule: PROVIDER_SECRETS, reason: TAGGED_SECRETS },
  {
    construct: "BudgetMonitor/Schedule/Role",
    rule: "AwsSolutions-IAM5[Resource::<BudgetMonitorFunction43BC09F5.Arn>:*]",
    reason: ONE_FUNCTION,
  },
  {
    construct: "MessagePublisher/Schedule/Role",
    rule: "AwsSolutions-IAM5[Resource::<MessagePublisherFunctionCAC031AD.Arn>:*]",
    reason: ONE_FUNCTION,
  },
  {
    construct: "ConfigSync/Events/Undelivered",
    rule: "AwsSolutions-SQS3",
    reason: IS_FAILURE_QUEUE,
  },
  {
    construct: "SecretPush/Events/Undelivered",
    rule: "AwsSolutions-SQS3",
    reason: IS_FAILURE_QUEUE,
  },
  { construct: "BudgetMonitor/Failures", rule: "AwsSolutions-SQS3", reason: IS_FAILURE_QUEUE },
  { construct: "MessagePublisher/Failures", rule: "AwsSolutions-SQS3", reason: IS_FAILURE_QUEUE },
];

/** Of what is there only when the setting `rotations` names a secret. */
const OF_ROTATION: readonly Acknowledgement[] = [
  {
    construct: "SecretRotation/Schedule/Role",
    rule: "AwsSolutions-IAM5[Resource::<SecretRotationFunction06577593.Arn>:*]",
    reason: ONE_FUNCTION,
  },
  { construct: "SecretRotation/Failures", rule: "AwsSolutions-SQS3", reason: IS_FAILURE_QUEUE },
];

export function acknowledgeNagFindings(stack: Stack): void {
  const isRotating = stack.node.tryFindChild("SecretRotation") !== undefined;
  const acknowledgements = [...ACKNOWLEDGEMENTS, ...(isRotating ? OF_ROTATION : [])];
  for (const { construct, rule, reason } of acknowledgements) {
    Validations.of(childAt(stack, construct)).acknowledge({ id: rule, reason });
  }
}

function childAt(stack: Stack, path: string): IConstruct {
  return path
    .split("/")
    .reduce((parent: IConstruct, id) => parent.node.findChild(id), stack as IConstruct);
}
