import { expect, test } from "@jest/globals";
import { GatewayResponseError } from "#gateway/errors.ts";
import type { Manifest } from "#manifest/types.ts";
import { NEWEST, OLDEST, PINNED } from "../../../../scripts/mlflow-versions.ts";
import { aManifest, aSecret, ExpectedError } from "../../../support/builders.ts";
import { syncRuns } from "../../../support/sync-setup.ts";

const FILE = "manifests/search/gateway.yaml";

/** What MLflow 3.18 fails every call of, and older servers do not read. */
const GEMINI: Manifest = {
  version: 1,
  secrets: [
    aSecret({
      provider: "gemini",
      auth_config: { auth_mode: "api_key", api_base: "https://gemini.example.com/models" },
    }),
  ],
};

async function outcomeOn(prepare: (gateway: ReturnType<typeof syncRuns>["gateway"]) => void) {
  const { bucket, gateway, sync } = syncRuns();
  prepare(gateway);
  bucket.put(FILE, GEMINI);
  const report = await sync();
  const [file] = report?.manifests ?? [];
  return { outcome: file?.outcome, issues: file?.issues, asked: gateway.count("getVersion") };
}

test.each([OLDEST, PINNED])(
  "a rule for newer servers is not applied to MLflow %s",
  async (version) => {
    const { outcome, asked } = await outcomeOn((gateway) => {
      gateway.version = version;
    });

    expect({ outcome, asked }).toEqual({ outcome: "applied", asked: 1 });
  },
);

test.each([NEWEST, "3.18.0rc1", "4.0.0"])(
  "it is applied to MLflow %s, and says so",
  async (version) => {
    const { outcome, issues } = await outcomeOn((gateway) => {
      gateway.version = version;
    });

    expect(outcome).toBe("rejected");
    expect(issues).toMatchObject([
      {
        rule: "gemini-base-version",
        message: expect.stringContaining(" (holds from MLflow 3.18.0 on)"),
      },
    ]);
  },
);

test("it is applied to a server that keeps its version to itself", async () => {
  const { outcome } = await outcomeOn((gateway) =>
    gateway.failOn("getVersion", 1, new GatewayResponseError("getVersion", "is not told")),
  );

  expect(outcome).toBe("rejected");
});

test("a server that cannot be asked just now makes no file wrong", async () => {
  await expect(
    outcomeOn((gateway) => gateway.failOn("getVersion", 1, new ExpectedError("retry"))),
  ).rejects.toThrow(ExpectedError);
});

test("the server is not asked when no such rule finds anything", async () => {
  const { bucket, gateway, sync } = syncRuns();
  bucket.put(FILE, aManifest());

  await sync();

  expect(gateway.count("getVersion")).toBe(0);
});
