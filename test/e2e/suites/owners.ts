import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "@jest/globals";
import type { RunOutcome } from "#sync/report/report.ts";
import {
  createSecret,
  issuesIn,
  madeUpKey,
  putManifest,
  putObject,
  settled,
} from "../../../scripts/story/actions.ts";
import { output, type World } from "../../../scripts/story/world.ts";
import { BOMBS } from "../../support/bombs.ts";
import { allHandled } from "../../support/deployed/looks.ts";
import { everythingOf, tenant } from "../../support/deployed/owners.ts";
import { reported } from "../../support/deployed/reports.ts";

const TEST_TIMEOUT_MS = 480_000;

/** What one owner does leaves the others alone. */
export function owners(world: () => World): void {
  test(
    "a bomb of one owner is rejected once, and the good file of another is applied within a minute",
    async () => {
      await createSecret(world(), "beside/key", madeUpKey("beside"), "beside");
      const text = BOMBS["450,000 unknown keys"]?.files()["gateway.yaml"] ?? "";
      const bomb = await putManifest(world(), "bomb.yaml", text, "bomber");
      const begin = Date.now();
      const good = await putManifest(world(), "good.yaml", tenant("beside"), "beside");
      await settled(world(), good, "applied");
      const appliedMs = Date.now() - begin;
      const rejected = await settled(world(), bomb, "rejected");
      // A delivery that came again would be told before the queue is empty.
      await allHandled(world());
      const told = (await world().operations.received()).filter(
        ({ data }) => data.owner === "bomber",
      );

      await world().s3.send(
        new DeleteObjectCommand({
          Bucket: output(world().outputs, "ManifestBucketName"),
          Key: bomb.key,
        }),
      );

      expect(appliedMs).toBeLessThan(60_000);
      // On a busy machine the time to read it is over first.
      expect(issuesIn(rejected.data)[0]).toMatch(
        /cannot be read within 10 seconds|k0 is not a known key/,
      );
      expect(told.map(({ type }) => type)).toEqual(["mlflow-gateway-ops.manifest.rejected"]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "what an owner may not have is refused with a sentence, and the other owner is untouched",
    async () => {
      await createSecret(world(), "a/key", madeUpKey("a"), "team-a");
      await createSecret(world(), "b/key", madeUpKey("b"), "team-b");
      const all =
        "kinds: [secret, model_definition, endpoint, budget], names: ['*'], secrets: ['*']";
      const policy = [
        "version: 2",
        "owners:",
        `  team-b: { ${all}, hosts: [api.openai.com], budgets: { scopes: [ENDPOINT], amount_max: 100 } }`,
        `  "*": { ${all}, hosts: ["*"], experiments: ["*"], budgets: { scopes: [ENDPOINT], amount_max: 10000 } }`,
      ].join("\n");
      await putObject(world(), "manifests/policy.yaml", policy);
      await settled(
        world(),
        await putManifest(world(), "a.yaml", tenant("a"), "team-a"),
        "applied",
      );
      const before = await everythingOf(world());
      const attempts: Record<string, [text: string, sentence: RegExp, outcome?: RunOutcome]> = {
        // It waits: whoever has the secret may give it to the other owner.
        "aws-secret.yaml": [
          tenant("b1").replace("b1/key", "a/key"),
          /a\/key belongs to the owner "team-a"/,
          "pending",
        ],
        "gateway-secret.yaml": [
          tenant("b").replaceAll("name: b,", "name: a,").replace("secret: b", "secret: a"),
          /belongs to the owner "team-a"/,
        ],
        "endpoint.yaml": [
          tenant("b").replace("name: endpoint-b", "name: endpoint-a"),
          /endpoint.* belongs to the owner "team-a"/,
        ],
        "external.yaml": [
          "version: 1\nsecrets: [ { name: a, external: true } ]\nmodel_definitions: [ { name: thief, secret: a, provider: openai, model_name: gpt-4o } ]",
          /belongs to the owner "team-a"/,
        ],
        "host.yaml": [
          tenant("b").replace("api.openai.com", "evil.example.com"),
          /evil\.example\.com/,
        ],
        "budget.yaml": [`${tenant("b")}\n${BUDGET_OF_B}`, /100/],
      };
      for (const [file, [text, sentence, outcome = "rejected"]] of Object.entries(attempts)) {
        const put = await putManifest(world(), file, text, "team-b");
        const event = await settled(world(), put, outcome);
        expect([file, issuesIn(event.data).join("\n")]).toEqual([
          file,
          expect.stringMatching(sentence),
        ]);
        await putManifest(world(), file, "version: 1\n", "team-b");
      }

      const again = await putManifest(world(), "a.yaml", `${tenant("a")}\n# again\n`, "team-a");
      await reported(world(), again, "unchanged");
      expect(await everythingOf(world())).toBe(before);
    },
    TEST_TIMEOUT_MS,
  );
}

const BUDGET_OF_B = [
  "budgets:",
  "  - name: budget-b",
  "    budget_amount: 101",
  "    duration: { unit: DAYS, value: 1 }",
  "    target_scope: ENDPOINT",
  "    target_value: endpoint-b",
  "    budget_action: ALERT",
].join("\n");
