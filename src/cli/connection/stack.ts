import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { parsePolicyApart } from "#apart/read-apart.ts";
import { S3AuthorBucket } from "#aws/author-bucket.ts";
import { ManifestBucket } from "#aws/bucket.ts";
import { DynamoLedger } from "#aws/ledger.ts";
import type { Memory } from "#cli/backend.ts";
import type { BucketPlace, Environment } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import type { AuthorBucket } from "#sync/author/author-bucket.ts";
import { type Permissions, readPermissions, TENANCIES } from "#sync/tenancy.ts";
import { awsOptions } from "./proxy-environment.ts";

/** The outputs of lib/gateway-ops-stack.ts that a command needs. */
const LEDGER_OUTPUT = "LedgerTableName";
const BUCKET_OUTPUT = "ManifestBucketName";
const TENANCY_OUTPUT = "Tenancy";

interface Calls {
  readonly env: Environment;
  /** All calls end with it. */
  readonly recording: AbortSignal;
}

/** The ledger and the snapshots of a deployed stack. */
export async function openStack(stack: string, calls: Calls): Promise<Memory> {
  const output = await outputsOf(stack, calls);
  const bucket = bucketNamed(output(BUCKET_OUTPUT), calls);
  const dynamo = new DynamoDBClient(awsOptions(calls.env));
  return {
    snapshots: bucket,
    manifests: bucket,
    ledger: new DynamoLedger(dynamo, output(LEDGER_OUTPUT), calls.recording),
    isShared: true,
  };
}

/** The bucket with the rights of an author; whoever names it needs no right to look a stack up. */
export async function openBucket(place: BucketPlace, calls: Calls): Promise<AuthorBucket> {
  const name = "bucket" in place ? place.bucket : await bucketOf(place.stack, calls);
  return new S3AuthorBucket(s3Client(calls), name, calls.recording);
}

async function bucketOf(stack: string, calls: Calls): Promise<string> {
  try {
    return (await outputsOf(stack, calls))(BUCKET_OUTPUT);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}; --bucket NAME takes no right to look it up`, {
      cause: error,
    });
  }
}

/** Who may do what in a deployed stack, by its tenancy and its policy. */
export async function permissionsOfStack(stack: string, calls: Calls): Promise<Permissions> {
  const output = await outputsOf(stack, calls);
  const stated = output(TENANCY_OUTPUT);
  const tenancy = TENANCIES.find((known) => known === stated);
  if (tenancy === undefined) {
    throw new UsageError(
      `the stack ${stack} has the tenancy "${stated}", which this gwops does not know: upgrade it`,
    );
  }
  const manifests = bucketNamed(output(BUCKET_OUTPUT), calls);
  return readPermissions({ manifests, tenancy, parsePolicy: parsePolicyApart() });
}

function bucketNamed(name: string, calls: Calls): ManifestBucket {
  return new ManifestBucket(s3Client(calls), name, calls.recording);
}

function s3Client({ env }: Calls): S3Client {
  // Path style works with every S3, whatever its name resolution.
  return new S3Client({ forcePathStyle: true, ...awsOptions(env) });
}

/** Throws for an output that the stack does not have. */
async function outputsOf(stack: string, calls: Calls): Promise<(name: string) => string> {
  const outputs = await describe(stack, calls);
  return (name) => {
    const value = outputs.get(name);
    if (value !== undefined) return value;
    throw new UsageError(`the stack ${stack} has no output ${name}: is it one of Gateway Ops?`);
  };
}

async function describe(stack: string, { env, recording }: Calls): Promise<Map<string, string>> {
  try {
    const command = new DescribeStacksCommand({ StackName: stack });
    const client = new CloudFormationClient(awsOptions(env));
    const { Stacks = [] } = await client.send(command, { abortSignal: recording });
    const outputs = Stacks.flatMap(({ Outputs = [] }) => Outputs);
    return new Map(outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
  } catch (error) {
    const { name, message } = error as Error;
    throw new UsageError(`the stack ${stack} cannot be looked up: ${name}: ${message}`, {
      cause: error,
    });
  }
}
