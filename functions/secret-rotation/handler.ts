import type { Context } from "aws-lambda";
import { revokeFormer } from "#rotation/revoke.ts";
import { runStep } from "#rotation/run-step.ts";
import { deadlinesOf } from "../deadlines.ts";
import { compose } from "./compose.ts";
import { readTrigger } from "./trigger.ts";

const { logger, dependencies } = compose();

/** Secrets Manager rotates a secret, or it is time to end what was replaced. */
export const handler = async (event: unknown, context: Context): Promise<void> => {
  const trigger = readTrigger(event);
  const run = dependencies(context.awsRequestId, deadlinesOf(context));
  if ("look" in trigger) {
    const outcomes = await revokeFormer(run);
    logger.info("former credentials looked at", { outcomes });
    return;
  }
  const { SecretId, ClientRequestToken, Step } = trigger;
  try {
    const outcome = await runStep(run, trigger);
    logger.info("step of a rotation", { SecretId, ClientRequestToken, Step, outcome });
  } catch (error) {
    // Secrets Manager repeats the rotation when the function fails.
    logger.error("a step of a rotation failed", { SecretId, ClientRequestToken, Step, error });
    throw error;
  }
};
