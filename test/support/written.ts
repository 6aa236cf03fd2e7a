import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { output, type World } from "../../scripts/story/world.ts";

/** Everything that the workers wrote anywhere: logs, ledger, what lies in the bucket, messages. */
export async function everythingWritten(world: World): Promise<Record<string, string>> {
  const messages = [...(await world.operations.received()), ...(await world.alerts.received())];
  return {
    logs: await logs(world),
    ledger: await ledger(world),
    results: await results(world),
    messages: JSON.stringify(messages),
  };
}

/** How often config sync was invoked for an object: the schedules look in between. */
export function invocations(world: World): Promise<number> {
  return timesLogged(world, '"look":"owner"');
}

/** In how many lines of all functions a text stands. */
export async function timesLogged(world: World, text: string): Promise<number> {
  const lines = (await logs(world)).split("\n");
  return lines.filter((line) => line.includes(text)).length;
}

async function logs(world: World): Promise<string> {
  const client = new CloudWatchLogsClient(clientConfig(world));
  const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({}));
  const lines: (string | undefined)[] = [];
  for (const { logGroupName } of logGroups) {
    let nextToken: string | undefined;
    do {
      const page = await client.send(new FilterLogEventsCommand({ logGroupName, nextToken }));
      lines.push(...(page.events ?? []).map(({ message }) => message));
      nextToken = page.nextToken;
    } while (nextToken);
  }
  return lines.join("\n");
}

async function ledger(world: World): Promise<string> {
  const client = new DynamoDBClient(clientConfig(world));
  const TableName = output(world.outputs, "LedgerTableName");
  const { Items } = await client.send(new ScanCommand({ TableName }));
  return JSON.stringify(Items);
}

async function results(world: World): Promise<string> {
  const Bucket = output(world.outputs, "ManifestBucketName");
  const { Contents = [] } = await world.s3.send(new ListObjectsV2Command({ Bucket }));
  const written = Contents.filter(({ Key = "" }) => /^(runs|applied|plan-results)\//.test(Key));
  const bodies = await Promise.all(
    written.map(async ({ Key }) => {
      const { Body } = await world.s3.send(new GetObjectCommand({ Bucket, Key }));
      return Body?.transformToString();
    }),
  );
  return bodies.join("\n");
}

function clientConfig({ aws }: World) {
  return {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
  };
}
