import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import type { LocalAws } from "../../scripts/local/local-aws.ts";
import { anSqsRecord } from "./builders.ts";
import { propertiesOf, synthesize } from "./synth.ts";

const template = synthesize();

/** A function as the stack deploys it. */
export function deployedFunction(name: string): { Timeout: number; MemorySize: number } {
  return functionNamed(name);
}

/** The settings of the stack, with what is made here in the place of what is deployed. */
export function environmentOf(name: string, made: Readonly<Record<string, string>>) {
  const variables: Record<string, unknown> = functionNamed(name).Environment.Variables;
  return Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [key, made[key] ?? String(value)]),
  );
}

function functionNamed(name: string) {
  return propertiesOf(
    template,
    "AWS::Lambda::Function",
    (_, { Environment }) => Environment.Variables.POWERTOOLS_SERVICE_NAME === name,
  );
}

/** Clients of a local AWS. */
export function clientsOf({ endpoint, region, environment }: LocalAws) {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = environment;
  const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  const options = { endpoint, region, credentials };
  return {
    dynamo: new DynamoDBClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    secretsManager: new SecretsManagerClient(options),
    sqs: new SQSClient(options),
  };
}

export type Clients = ReturnType<typeof clientsOf>;

/** A table for the ledger and a bucket. */
export async function makeMemory(
  { dynamo, s3 }: Clients,
  { table, bucket }: { readonly table: string; readonly bucket: string },
): Promise<void> {
  await dynamo.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "kind", AttributeType: "S" },
        { AttributeName: "id", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "kind", KeyType: "HASH" },
        { AttributeName: "id", KeyType: "RANGE" },
      ],
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
}

/** A message that a queue gave out for the n-th time. */
export async function delivered(
  { sqs }: Clients,
  queueUrl: string,
  body: object,
  attempt: number,
): Promise<SQSRecord> {
  const MessageBody = JSON.stringify(body);
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  const { Messages: [message] = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl }),
  );
  const record = anSqsRecord(body, { attempt });
  return { ...record, receiptHandle: message?.ReceiptHandle ?? "" };
}
