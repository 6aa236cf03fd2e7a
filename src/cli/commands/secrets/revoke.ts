import { buildCommand } from "@stricli/core";
import type { Backend } from "#cli/backend.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { onFlag, textFlag } from "#cli/input/flags.ts";
import { isAnsweredYes } from "#cli/input/question.ts";
import { parseReason } from "#cli/input/reason.ts";
import { SECRET_FLAGS, type SecretFlags } from "#cli/input/secret-flags.ts";
import { lookedUp } from "#cli/look-up-secrets.ts";
import { SECRETS_VERSION, timeOf } from "#cli/output/secrets.ts";
import { print, printJson, say } from "#cli/output/show.ts";
import { type Chosen, chooseRevoked, chooseVersion } from "#cli/revoked-choice.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { type AffectedEndpoint, affectedEndpoints } from "#secrets/affected.ts";
import { allowVersion, revokeVersion } from "#secrets/revoke.ts";
import { describeRevoked, REJECTED_LABEL, type RevokedVersion } from "#secrets/revoked-version.ts";
import { type SecretStatus, secretStatuses } from "#secrets/secret-status.ts";

interface Flags extends SecretFlags {
  readonly version?: string | undefined;
  readonly reason?: string | undefined;
  readonly undo?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

export const secretsRevokeCommand = buildCommand({
  parameters: {
    flags: {
      ...SECRET_FLAGS,
      version: textFlag("id", "This version of the source [default: the one that is in use]"),
      reason: {
        kind: "parsed",
        parse: parseReason,
        brief: "Why, for whoever meets it",
        placeholder: "text",
        optional: true,
      },
      undo: onFlag("Take it back: it was revoked by mistake"),
      yes: onFlag("Revoke without asking"),
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of a gateway secret", placeholder: "name", parse: String }],
    },
  },
  docs: {
    brief: "Say that others know the value in use, so that nothing ever pushes it again",
    fullDescription: `Marks a version of the source as compromised: no push, no rotation and no label that is moved back
brings it to the gateway again. The gateway goes on with what it holds, until a new value is stored.
Prints which endpoints use it, and what becomes of them when the key is turned off. Waits until no
push of it is under way. In AWS the version gets the label ${REJECTED_LABEL} where one has the right.

Exit status: 0 revoked (or taken back), 1 left as it is.

Examples:
  gwops secrets revoke openai-prod --stack GatewayOps --reason "in a build log"
  gwops secrets revoke openai-prod --version 1a2b3c4d-...   when AWSCURRENT is another one already
  gwops secrets revoke openai-prod --undo --reason "it was the key of the test account"`,
  },
  func: revoke,
});

async function revoke(this: GwopsContext, flags: Flags, name: string): Promise<void> {
  const { statuses, backend } = await lookedUp(this, flags, [name]);
  if (flags.undo) return takeBack(this, backend, flags, statuses.secrets);
  const { dependencies, isShared } = backend;
  const chosen = chooseVersion(statuses.secrets, flags.version);
  const { source_arn, version_id } = chosen;
  const fed = await secretStatuses(dependencies, { source_arn });
  const holders = fed.secrets.filter((one) => one.pushed_version_id === version_id);
  const endpoints = await affectedEndpoints(dependencies, holders);
  const isJson = flags.json === true;
  if (!isJson) showUse(this, holders, endpoints);
  const question = `version ${version_id} of ${source_arn}`;
  if (!flags.yes && !(await isAnsweredYes(this, question, "revoke for good"))) return left(this);
  const act = { since_ms: this.clock.nowMs(), by: this.user, reason: flags.reason };
  const wanted = { source_arn, version_id, ...act };
  const ids = fed.secrets.map(({ id }) => id);
  const inForce = await revokeVersion(dependencies, wanted, ids, isShared);
  const label = await labelled(this, backend, chosen, "put");
  if (isJson)
    printJson(this, {
      ...documentOf(backend, inForce, label),
      secrets: holders.map(placeOf),
      endpoints,
    });
  say(this, describeRevoked(inForce));
  sayNext(this, chosen, holders);
}

/** What is in use now, and what will be of it. */
function showUse(
  context: GwopsContext,
  holders: readonly SecretStatus[],
  endpoints: readonly AffectedEndpoint[],
): void {
  const { stdout } = context.process;
  for (const { workspace, name } of holders) {
    print(context, stdout, `the gateway holds it: ${workspace}/${name}`);
  }
  if (holders.length === 0) print(context, stdout, "no gateway secret holds it");
  for (const { workspace, name, linkage_type, model_definitions, without_it } of endpoints) {
    const by = `${linkage_type} ${model_definitions.join(", ")}`;
    print(
      context,
      stdout,
      `  ${workspace}/${name} (${by}): when the key is turned off, ${without_it}`,
    );
  }
}

function sayNext(
  context: GwopsContext,
  { source_arn, name }: Chosen,
  holders: readonly SecretStatus[],
): void {
  const steps = [
    ...(holders.length > 0
      ? [
          `store a new value in ${source_arn}: it is pushed by itself, or by gwops secrets push ${name}`,
          "look with gwops secrets status until the new version is in effect",
        ]
      : []),
    "turn the old key off at the provider",
  ];
  for (const [index, step] of steps.entries()) say(context, `${index + 1}. ${step}`);
}

async function takeBack(
  context: GwopsContext,
  backend: Backend,
  flags: Flags,
  secrets: readonly SecretStatus[],
): Promise<void> {
  const { ledger } = backend.dependencies;
  const chosen = await chooseRevoked(ledger, secrets, flags.version);
  const question = `version ${chosen.version_id} of ${chosen.source_arn}`;
  if (!flags.yes && !(await isAnsweredYes(context, question, "allow again"))) return left(context);
  const act = { since_ms: context.clock.nowMs(), by: context.user, reason: flags.reason };
  const former = await allowVersion(ledger, chosen, act, backend.isShared);
  const label = await labelled(context, backend, chosen, "remove");
  if (flags.json && former) printJson(context, documentOf(backend, former, label));
  say(context, `version ${chosen.version_id} of ${chosen.source_arn} may be pushed again`);
  say(context, `gwops secrets push ${chosen.name} writes it, if it is AWSCURRENT`);
}

function left(context: GwopsContext): void {
  say(context, "nothing was changed");
  context.process.exitCode = EXIT.error;
}

type Label = "put" | "removed" | "failed" | "none";

/** The ledger decides; who may not label is told so. */
async function labelled(
  context: GwopsContext,
  { rejectedLabel, dependencies }: Backend,
  { source_arn, version_id }: Chosen,
  act: "put" | "remove",
): Promise<Label> {
  if (!source_arn.startsWith("arn:")) return "none";
  try {
    const label = await rejectedLabel();
    await label[act](source_arn, version_id, dependencies.deadline.signal);
    return act === "put" ? "put" : "removed";
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    const what =
      act === "put" ? "is not put on it" : "could not be taken from it, and a push heeds it";
    say(context, `the label ${REJECTED_LABEL} ${what} in AWS: ${error.message}`);
    return "failed";
  }
}

function documentOf({ dependencies }: Backend, revoked: RevokedVersion, label: Label) {
  const { since_ms, ...rest } = revoked;
  const { server } = dependencies;
  return { version: SECRETS_VERSION, server, revoked: { ...rest, since: timeOf(since_ms) }, label };
}

function placeOf({ workspace, name }: SecretStatus) {
  return { workspace, name };
}
