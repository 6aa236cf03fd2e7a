import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoLedger } from "#aws/ledger.ts";
import { output, type World } from "../../../scripts/story/world.ts";

/** The ledger of the workers, for who writes it beside them. */
export function openLedger({ aws, outputs }: World): DynamoLedger {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = aws.environment;
  return new DynamoLedger(
    new DynamoDBClient({
      endpoint: aws.endpoint,
      region: aws.region,
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    }),
    output(outputs, "LedgerTableName"),
  );
}
