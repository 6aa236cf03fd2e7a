import { SNSClient } from "@aws-sdk/client-sns";
import type { DynamoDBStreamEvent } from "aws-lambda";
import * as z from "zod";
import { publishMessages } from "#aws/publisher.ts";
import type { Message } from "#runtime/message.ts";
import { readSettings } from "#runtime/settings.ts";
import { openLogger } from "../logger.ts";

const settings = readSettings({
  GATEWAY_OPS_GATEWAY_URL: z.url(),
  GATEWAY_OPS_ALERTS_TOPIC_ARN: z.string().min(1),
  GATEWAY_OPS_OPERATIONS_TOPIC_ARN: z.string().min(1),
});
const logger = openLogger();
const sns = new SNSClient();
const topics = {
  alerts: settings.GATEWAY_OPS_ALERTS_TOPIC_ARN,
  operations: settings.GATEWAY_OPS_OPERATIONS_TOPIC_ARN,
};

/** Messages were put into the outbox. What is thrown makes the stream deliver them again. */
export const handler = async (event: DynamoDBStreamEvent): Promise<void> => {
  const messages = event.Records.flatMap(({ dynamodb }) => {
    const body = dynamodb?.NewImage?.body?.S;
    return body === undefined ? [] : [JSON.parse(body) as Message];
  });
  await publishMessages(sns, topics, settings.GATEWAY_OPS_GATEWAY_URL, messages);
  logger.info("messages published", { ids: messages.map(({ id }) => id) });
};
