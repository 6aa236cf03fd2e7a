import { GetQueueAttributesCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { callLocal } from "../../../scripts/local/http.ts";
import { until } from "../../../scripts/story/until.ts";
import { output, type World } from "../../../scripts/story/world.ts";

const HANDLED_TIMEOUT_MS = 150_000;
const POLL_TIMEOUT_MS = 60_000;

// A schedule of a minute is dear to wait for: one scenario of a world shows that it comes by itself
// (suites/schedules.ts, the story for budgets), and the others send what it would send.

/** Sends what the schedule of config sync sends (lib/event-queue.ts), behind what is queued. */
export async function look(world: World, at: "pending" | "drift"): Promise<void> {
  await world.sqs.send(
    new SendMessageCommand({
      QueueUrl: output(world.outputs, "ConfigSyncQueueUrl"),
      MessageBody: JSON.stringify({ look: at, at: new Date().toISOString() }),
      MessageGroupId: "gateway",
    }),
  );
}

/** Calls the budget monitor as its schedule does (lib/budget-monitor.ts). */
export async function pollBudgets({ aws, outputs }: World): Promise<void> {
  const name = output(outputs, "BudgetMonitorFunctionName");
  const { status, body } = await callLocal(
    `${aws.endpoint}/2015-03-31/functions/${name}/invocations`,
    {
      method: "POST",
      json: { scheduledTime: new Date().toISOString() },
      timeoutMs: POLL_TIMEOUT_MS,
    },
  );
  if (status !== 200) throw new Error(`the budget monitor cannot be called: ${status} ${body}`);
}

/** Waits until nothing is queued for config sync, nor will be delivered again. */
export async function allHandled(world: World): Promise<void> {
  await until("an empty queue of config sync", HANDLED_TIMEOUT_MS, async () =>
    (await queued(world)) === 0 ? true : undefined,
  );
}

/** How many messages config sync has before it, with the one that it works at or that comes again. */
export async function queued({ sqs, outputs }: World): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: output(outputs, "ConfigSyncQueueUrl"),
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    }),
  );
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
}
