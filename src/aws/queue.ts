import { ChangeMessageVisibilityCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { awsCall } from "./aws-call.ts";

/** Lets a received message come back after `delaySeconds` instead of the queue's own time. */
export async function redeliverAfter(
  client: SQSClient,
  queueUrl: string,
  receiptHandle: string,
  delaySeconds: number,
): Promise<void> {
  const command = new ChangeMessageVisibilityCommand({
    QueueUrl: queueUrl,
    ReceiptHandle: receiptHandle,
    VisibilityTimeout: delaySeconds,
  });
  await awsCall("putting off a message", () => client.send(command));
}
