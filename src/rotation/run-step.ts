import { GatewayOpsError, LeaseHeldError, RecordConflictError } from "#runtime/errors.ts";
import { type LeaseDependencies, withLease } from "#runtime/lease.ts";
import { put } from "#runtime/ledger.ts";
import { ledgerId } from "#runtime/ledger-limits.ts";
import { commitWithMessages } from "#runtime/message.ts";
import { PausedError, pauseOf, readPauses } from "#runtime/pause.ts";
import type { Redacted } from "#runtime/redacted.ts";
import { requireAllowed } from "#secrets/revoked-version.ts";
import { RotationRefusedError, RotationSetupError, RotationUnprovenError } from "./errors.ts";
import { failedMessage, finishedMessage } from "./messages.ts";
import { REVOCATIONS, revocationId } from "./revocation.ts";
import type { Rotation, StrategyName } from "./rotation.ts";
import type { RotationContext, RotationStrategy } from "./strategy.ts";
import {
  CURRENT,
  currentVersion,
  PENDING,
  REJECTED,
  ROTATION_TAG,
  type VersionedSecret,
  type VersionedSecrets,
  versionWith,
} from "./versioned-secrets.ts";

export const ROTATION_STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;
type RotationStep = (typeof ROTATION_STEPS)[number];

/** All that Secrets Manager passes to a rotation function. */
export interface StepRequest {
  readonly SecretId: string;
  /** Id of the version that the rotation makes. */
  readonly ClientRequestToken: string;
  readonly Step: RotationStep;
}

export interface RotationDependencies extends LeaseDependencies {
  readonly secrets: VersionedSecrets;
  readonly rotations: readonly Rotation[];
  readonly strategies: Readonly<Record<StrategyName, RotationStrategy>>;
  /** A new random id of a version. */
  readonly newVersionId: () => string;
  /** How long a former credential may still be used after it was replaced everywhere. */
  readonly graceMs: number;
}

/** `idle`: what the step is for was done before. */
export type StepOutcome = "done" | "idle";

/**
 * One step of a rotation. Secrets Manager calls the four in their order, repeats all of them when one
 * fails, and calls testSecret alone when a schedule is set without rotating at once. So each looks at
 * the labels first, and does only what they say is missing. Whatever it throws is told once.
 */
export async function runStep(
  dependencies: RotationDependencies,
  request: StepRequest,
): Promise<StepOutcome> {
  const { secrets, ledger, clock, deadline } = dependencies;
  const { SecretId, ClientRequestToken } = request;
  const { name, arn } = await secrets.describe(SecretId, deadline.signal);
  try {
    return await underRotationLease(arn, dependencies, (held) => stepUnderLease(held, request));
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    const message = failedMessage({ name, arn, versionId: ClientRequestToken }, error, {
      step: request.Step,
      nowMs: clock.nowMs(),
    });
    await commitWithMessages(ledger, [], [message]);
    throw error;
  }
}

/** Waits for a lease: AWS repeats a step while the one that it took for dead still holds it. */
export async function underRotationLease<D extends LeaseDependencies, R>(
  arn: string,
  dependencies: D,
  work: (held: D) => Promise<R>,
): Promise<R> {
  const { clock, deadline } = dependencies;
  for (;;) {
    try {
      return await withLease(ledgerId(`rotation/${arn}`), dependencies, work);
    } catch (error) {
      if (!(error instanceof LeaseHeldError) || deadline.leftMs() === 0) throw error;
      await clock.sleep(LEASE_LOOK_MS, deadline.signal);
    }
  }
}

const LEASE_LOOK_MS = 2000;

/** A step with all that it needs. */
interface Work extends RotationDependencies {
  readonly context: RotationContext;
  readonly strategy: RotationStrategy;
  readonly versionId: string;
}

async function stepUnderLease(
  held: RotationDependencies,
  { SecretId, ClientRequestToken: versionId, Step }: StepRequest,
): Promise<StepOutcome> {
  const secret = await held.secrets.describe(SecretId, held.deadline.signal);
  const stage = stageOf(secret, versionId);
  const rotation = rotationOf(held.rotations, secret);
  const context = { rotation, secret, deadline: held.deadline, ledger: held.ledger };
  const work = { ...held, context, versionId, strategy: held.strategies[rotation.strategy] };
  if (stage === "current") {
    if (Step === "finishSecret") await end(work);
    return "idle";
  }
  if (stage === "refused") {
    await dismiss(work);
    throw new RotationRefusedError(
      `the version ${versionId} of ${secret.name} was refused before: it is never used`,
    );
  }
  await requireNoPause(held, secret);
  return STEPS[Step](work);
}

const STEPS: Readonly<Record<RotationStep, (work: Work) => Promise<StepOutcome>>> = {
  createSecret: create,
  setSecret: set,
  testSecret: test,
  finishSecret: finish,
};

type Stage = "current" | "pending" | "refused";

/** Throws unless the version is what Secrets Manager says that the rotation makes. */
function stageOf({ name, isRotating, versions }: VersionedSecret, versionId: string): Stage {
  if (!isRotating) throw new RotationSetupError(`the rotation of ${name} is not switched on`);
  const labels = versions.get(versionId);
  if (labels?.includes(CURRENT)) return "current";
  if (labels?.includes(REJECTED)) return "refused";
  if (labels?.includes(PENDING)) return "pending";
  throw new RotationSetupError(
    labels
      ? `the version ${versionId} of ${name} is not ${PENDING}: Secrets Manager begins no rotation so`
      : `${name} has no version ${versionId}: Secrets Manager makes it when it begins a rotation`,
  );
}

/** The stack says that it rotates the secret, and the secret that it may be. */
export function rotationOf(rotations: readonly Rotation[], secret: VersionedSecret): Rotation {
  const rotation = rotations.find((candidate) => candidate.secret === secret.name);
  if (!rotation) {
    throw new RotationSetupError(
      `the stack's setting rotations does not name ${secret.name}, whose rotation calls this function`,
    );
  }
  if (secret.strategy === rotation.strategy) return rotation;
  throw new RotationSetupError(
    `${secret.name} must carry the tag ${ROTATION_TAG}=${rotation.strategy} to be rotated so; it ${
      secret.strategy === undefined ? "has none" : `says "${secret.strategy}"`
    }`,
  );
}

/** A pause of the push is one of rotation too: a new version would become AWSCURRENT in vain. */
export async function requireNoPause(
  { ledger }: Pick<RotationDependencies, "ledger">,
  { owner = "" }: VersionedSecret,
): Promise<void> {
  const pauses = await readPauses(ledger);
  const pause = pauseOf(pauses, "rotation", owner) ?? pauseOf(pauses, "secrets", owner);
  if (pause) throw new PausedError(pause);
}

async function create({ secrets, context, strategy, versionId }: Work): Promise<StepOutcome> {
  const { arn } = context.secret;
  const { signal } = context.deadline;
  if (await secrets.read(arn, versionId, signal)) return "idle";
  const value = await strategy.create(context);
  // False: another value was stored before, which could not be read yet.
  const isStored = await secrets.store(arn, { id: versionId, value, labels: [PENDING] }, signal);
  return isStored ? "done" : "idle";
}

async function set(work: Work): Promise<StepOutcome> {
  await work.strategy.set(work.context, await pendingValue(work));
  return "done";
}

async function test(work: Work): Promise<StepOutcome> {
  const { secrets, context, strategy, versionId } = work;
  const { arn } = context.secret;
  const { signal } = context.deadline;
  const current = await secrets.read(arn, currentVersion(context.secret), signal);
  // Alone, it is called with a version that has no value, or that of the current one.
  const value = (await settledValue(work)) ?? current;
  if (!value) throw new RotationSetupError(`${context.secret.name} holds no text`);
  try {
    await strategy.test(context, value);
  } catch (error) {
    if (error instanceof RotationRefusedError && value.reveal() !== current?.reveal()) {
      const from = versionWith(context.secret, REJECTED);
      await secrets.moveLabel(arn, { label: REJECTED, to: versionId, from }, signal);
      await dismiss(work);
    }
    throw error;
  }
  return "done";
}

/**
 * Leaves nothing of a refused version but its label. While AWSPENDING is on another version than
 * AWSCURRENT, Secrets Manager begins no new rotation.
 */
async function dismiss({ secrets, context, strategy, versionId }: Work): Promise<void> {
  const { arn, versions } = context.secret;
  const { signal } = context.deadline;
  const value = await secrets.read(arn, versionId, signal);
  if (value) await strategy.tidy(context, value);
  if (!versions.get(versionId)?.includes(PENDING)) return;
  await secrets.moveLabel(arn, { label: PENDING, from: versionId }, signal);
}

async function finish(work: Work): Promise<StepOutcome> {
  const { secrets, context, strategy, versionId } = work;
  const { arn } = context.secret;
  await requireAllowed(work.ledger, { arn, currentVersionId: versionId });
  await strategy.confirm(context, await pendingValue(work));
  const former = currentVersion(context.secret);
  await rememberFormer(work, former);
  const move = { label: CURRENT, to: versionId, from: former };
  await secrets.moveLabel(arn, move, context.deadline.signal);
  await end(work);
  return "done";
}

/** Before AWSCURRENT moves: whoever is killed then leaves a credential that is ended all the same. */
async function rememberFormer(work: Work, former_version_id: string): Promise<void> {
  const { ledger, clock, context, versionId, newVersionId } = work;
  const { arn, name } = context.secret;
  const id = revocationId(arn, former_version_id);
  const record = await ledger.read(REVOCATIONS, id);
  if (record?.value.version_id === versionId) return;
  const revocation = {
    secret: name,
    secret_arn: arn,
    version_id: versionId,
    former_version_id,
    replacement_id: newVersionId(),
    rotated_at_ms: clock.nowMs(),
  };
  if (await ledger.commit([put(REVOCATIONS, id, revocation, record)])) return;
  throw new RecordConflictError(`the revocation of ${name} was recorded by another run`);
}

/** What is left to do once the version is AWSCURRENT. */
async function end({ secrets, context, strategy, versionId, ledger, clock }: Work): Promise<void> {
  const { arn, name } = context.secret;
  const value = await secrets.read(arn, versionId, context.deadline.signal);
  if (value) await strategy.tidy(context, value);
  await commitWithMessages(ledger, [], [finishedMessage({ name, arn, versionId }, clock.nowMs())]);
}

async function pendingValue(work: Work): Promise<Redacted<string>> {
  const value = await settledValue(work);
  if (value) return value;
  throw new RotationUnprovenError(
    `the version ${work.versionId} of ${work.context.secret.name} has no value yet: createSecret makes it`,
  );
}

/** Secrets Manager may not show a value for some seconds after it was stored. */
async function settledValue(work: Work): Promise<Redacted<string> | undefined> {
  const { secrets, context, versionId, clock } = work;
  const { deadline, secret } = context;
  const untilMs = clock.nowMs() + SETTLES_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const value = await secrets.read(secret.arn, versionId, deadline.signal);
    if (value) return value;
    if (clock.nowMs() >= untilMs || deadline.leftMs() === 0) return undefined;
    await clock.sleep(pauseMs, deadline.signal);
  }
}

const SETTLES_MS = 15_000;
const FIRST_PAUSE_MS = 250;
