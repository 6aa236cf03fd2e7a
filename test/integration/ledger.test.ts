import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { DynamoLedger } from "#aws/ledger.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { ledgerBehaviour } from "../support/ledger-behaviour.ts";

const TABLE = "ledger";

jest.setTimeout(30_000);

let aws: LocalAws;
let client: DynamoDBClient;

beforeAll(async () => {
  aws = await startLocalAws();
  client = new DynamoDBClient({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? "",
    },
  });
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
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
}, 90_000);

afterAll(async () => {
  client?.destroy();
  await aws?.stop();
}, 30_000);

ledgerBehaviour(() => new DynamoLedger(client, TABLE));
