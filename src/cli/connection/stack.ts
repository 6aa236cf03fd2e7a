import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { ManifestBucket } from "#aws/bucket.ts";
import { DynamoLedger } from "#aws/ledger.ts";
import type { Memory } from "#cli/backend.ts";
import { UsageError } from "#cli/usage-error.ts";
import { type Permissions, readPermissions, TENANCIES } from "#sync/tenancy.ts";

/** The outputs of lib/gateway-ops-stack.ts that a command needs. */
const LEDGER_OUTPUT = "LedgerTableName";
const BUCKET_OUTPUT = "ManifestBucketName";
const TENANCY_OUTPUT = "Tenancy";

/** The ledger and the snapshots of a deployed stack. */
export async function openStack(stack: string): Promise<Memory> {
  const output = await outputsOf(stack);
  return {
    snapshots: bucketNamed(output(BUCKET_OUTPUT)),
    ledger: new DynamoLedger(new DynamoDBClient(), output(LEDGER_OUTPUT)),
    isShared: true,
  };
}

/** Who may do what in a deployed stack, by its tenancy and its policy. */
export async function permissionsOfStack(stack: string): Promise<Permissions> {
  const output = await outputsOf(stack);
  const stated = output(TENANCY_OUTPUT);
  const tenancy = TENANCIES.find((known) => known === stated);
  if (tenancy === undefined) {
    throw new UsageError(
      `the stack ${stack} has the tenancy "${stated}", which this gwops does not know: upgrade it`,
    );
  }
  return readPermissions({ manifests: bucketNamed(output(BUCKET_OUTPUT)), tenancy });
}

function bucketNamed(name: string): ManifestBucket {
  // Path style works with every S3, whatever its name resolution.
  return new ManifestBucket(new S3Client({ forcePathStyle: true }), name);
}

/** Throws for an output that the stack does not have. */
async function outputsOf(stack: string): Promise<(name: string) => string> {
  const outputs = await describe(stack);
  return (name) => {
    const value = outputs.get(name);
    if (value !== undefined) return value;
    throw new UsageError(`the stack ${stack} has no output ${name}: is it one of Gateway Ops?`);
  };
}

async function describe(stack: string): Promise<Map<string, string>> {
  try {
    const command = new DescribeStacksCommand({ StackName: stack });
    const { Stacks = [] } = await new CloudFormationClient().send(command);
    const outputs = Stacks.flatMap(({ Outputs = [] }) => Outputs);
    return new Map(outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
  } catch (error) {
    const { name, message } = error as Error;
    throw new UsageError(`the stack ${stack} cannot be looked up: ${name}: ${message}`, {
      cause: error,
    });
  }
}
