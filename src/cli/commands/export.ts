import { buildCommand } from "@stricli/core";
import { backendOf, singleWorkspace } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { accessOf } from "#cli/input/access.ts";
import {
  GATEWAY_FLAGS,
  type GatewayFlags,
  POLICY_FLAG,
  type PolicyFlags,
  textFlag,
} from "#cli/input/flags.ts";
import { isStdout, saveFile } from "#cli/output/output-file.ts";
import { printText, say } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { exportManifest } from "#manifest/export.ts";
import { parseManifest } from "#manifest/parse.ts";
import { observeAll } from "#reconcile/observe/observe.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import { readSnapshots } from "#sync/history/snapshot-history.ts";

interface Flags extends GatewayFlags, PolicyFlags {
  readonly outputFile?: string | undefined;
}

export const exportCommand = buildCommand({
  parameters: {
    flags: {
      ...GATEWAY_FLAGS,
      ...POLICY_FLAG,
      outputFile: textFlag("file", "Write the manifest to this file"),
    },
  },
  docs: {
    brief: "Write a manifest of what the gateway holds",
    fullDescription: `Prints a manifest that declares everything on the gateway and that plans to no change but adoptions.
Values of secrets cannot be read back: secrets are exported as external, with a comment that says
how to bring their value under management. What a policy does not grant the owner is external or a
comment, too.

Examples:
  gwops export > gateway.yaml
  gwops export --output-file gateway.yaml --workspace team-a`,
  },
  func: exportManifests,
});

/** For editors: the file is what `gwops schema` prints. */
const SCHEMA_LINE = "# yaml-language-server: $schema=gateway-manifest.schema.json";

/** The rules that the files which were applied last switch off. */
async function disabledIn(snapshot: Snapshot | undefined): Promise<string[]> {
  const parsed = await Promise.all((snapshot?.files ?? []).map(({ text }) => parseManifest(text)));
  return parsed.flatMap((file) => (file.isValid ? (file.manifest.lint?.disable ?? []) : []));
}

async function exportManifests(this: GwopsContext, flags: Flags): Promise<void> {
  const workspace = singleWorkspace(this, flags);
  const access = await accessOf(this, flags);
  if (access.is === "denied") {
    throw new UsageError(`what ${flags.owner} exports ${access.message}`);
  }
  const { dependencies } = await backendOf(this, flags);
  const { ledger, deadline } = dependencies;
  const gateway = dependencies.gatewayOf(workspace, deadline);
  const tracking = dependencies.trackingOf(workspace, deadline);
  const actual = await observeAll(gateway, tracking, ledger, workspace);
  const { owner } = flags;
  const snapshot = (await readSnapshots(dependencies, owner)).snapshots.get(workspace);
  const applied = {
    protected: new Set(snapshot?.protected),
    protectedFromChanges: new Set(snapshot?.protected_from_changes),
    disabled: await disabledIn(snapshot),
  };
  const text = exportManifest(actual, { owner, workspace, access, ...applied });
  const manifest = `${SCHEMA_LINE}\n${text}`;
  if (flags.outputFile === undefined) {
    printText(this.process.stdout, manifest);
    return;
  }
  await saveFile(this, flags.outputFile, manifest);
  if (!isStdout(flags.outputFile)) say(this, `the manifest is in ${flags.outputFile}`);
}
