import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { expectNoLeak } from "../../../support/leaks.ts";
import { cliSetup } from "../cli-setup.ts";

/** Two secrets of one owner, from AWS; the first feeds a fallback of `embed` too. */
const MANIFEST = `version: 1
secrets:
  - { name: openai-prod, provider: openai, value_from: { secrets_manager: prod/openai } }
  - { name: anthropic-prod, provider: anthropic, value_from: { secrets_manager: prod/anthropic } }
model_definitions:
  - { name: gpt-4o, secret: openai-prod, model_name: gpt-4o }
  - { name: claude, secret: anthropic-prod, model_name: claude-sonnet-4-5 }
endpoints:
  - name: chat
    usage_tracking: false
    models: [{ model_definition: gpt-4o, linkage_type: PRIMARY }]
  - name: embed
    usage_tracking: false
    models:
      - { model_definition: claude, linkage_type: PRIMARY }
      - { model_definition: gpt-4o, linkage_type: FALLBACK, fallback_order: 1 }
`;

export const VALUES = ["value-openai-one", "value-anthropic", "value-openai-two"] as const;

/** A gateway as config sync left it, and the command line beside it. */
export async function secretsSetup(root: string) {
  const cli = cliSetup(root);
  const first = cli.source.put("prod/openai", VALUES[0]);
  const other = cli.source.put("prod/anthropic", VALUES[1]);
  cli.write("gateway.yaml", MANIFEST);
  const applied = await cli.run(["apply", "gateway.yaml", "--owner", "search", "--yes"]);
  if (applied.status !== 0) throw new Error(applied.stderr);
  const secrets = async (...argv: readonly string[]) => {
    const result = await cli.run(["secrets", ...argv]);
    expectNoLeak(VALUES, result);
    return result;
  };
  const statusOf = async (name: string) => {
    const { stdout } = await secrets("status", name, "--json");
    return JSON.parse(stdout).secrets[0];
  };
  const record = async (name: string) => {
    const found = await cli.ledger.read(MANAGED_SECRETS, `default/${name}`);
    if (!found) throw new Error(`no record of ${name}`);
    return found;
  };
  return { ...cli, first, other, secrets, statusOf, record };
}
