import { buildCommand } from "@stricli/core";
import { backendOf, singleWorkspace } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { GATEWAY_FLAGS, type GatewayFlags, textFlag } from "#cli/input/flags.ts";
import { saveFile } from "#cli/output/output-file.ts";
import { printText, say } from "#cli/output/show.ts";
import { exportManifest } from "#manifest/export.ts";
import { observeAll } from "#reconcile/observe/observe.ts";

interface Flags extends GatewayFlags {
  readonly outputFile?: string | undefined;
}

export const exportCommand = buildCommand({
  parameters: {
    flags: {
      ...GATEWAY_FLAGS,
      outputFile: textFlag("file", "Write the manifest to this file"),
    },
  },
  docs: {
    brief: "Write a manifest of what the gateway holds",
    fullDescription: `Prints a manifest that declares everything on the gateway and that plans to no change but adoptions.
Values of secrets cannot be read back: secrets are exported as external, with a comment that says
how to bring their value under management.

Examples:
  gwops export > gateway.yaml
  gwops export --output-file gateway.yaml --workspace team-a`,
  },
  func: exportManifests,
});

async function exportManifests(this: GwopsContext, flags: Flags): Promise<void> {
  const workspace = singleWorkspace(this, flags);
  const { dependencies } = await backendOf(this, flags);
  const { ledger, deadline } = dependencies;
  const gateway = dependencies.gatewayOf(workspace, deadline);
  const tracking = dependencies.trackingOf(workspace, deadline);
  const actual = await observeAll(gateway, tracking, ledger, workspace);
  const manifest = exportManifest(actual, { owner: flags.owner, workspace });
  if (flags.outputFile === undefined) {
    printText(this.process.stdout, manifest);
    return;
  }
  await saveFile(this, flags.outputFile, manifest);
  say(this, `the manifest is in ${flags.outputFile}`);
}
