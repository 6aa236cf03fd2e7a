import { ChangeMessageVisibilityCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { awsCall } from "./aws-call.ts";

/** The call is made beside the work of a function, or at its end: it may not hold up either. */
const CALL_MS = 5000;

/** Lets a received message come back after `delaySeconds` from now, instead of the queue's own time. */
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
  const options = { abortSignal: AbortSignal.timeout(CALL_MS) };
  await awsCall("putting off a message", () => client.send(command, options));
}
