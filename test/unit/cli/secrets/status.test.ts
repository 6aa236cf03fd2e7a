import { expect, test } from "@jest/globals";
import { put } from "#runtime/ledger.ts";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { arnOf } from "../../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../../support/leaks.ts";
import { revoke } from "../../../support/revoke.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { cliSetup, MANIFEST, SECRET_VALUE } from "../cli-setup.ts";
import { secretsSetup, VALUES } from "./secrets-setup.ts";

const root = temporaryFolder();

test("what is current is said with its versions, its time and the endpoints that it feeds", async () => {
  const { secrets, first, other } = await secretsSetup(root);

  const { status, stdout, stderr } = await secrets("status");

  expect(status).toBe(0);
  expect(stderr).toBe("2 secrets, all current\n");
  const lines = stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(lines).toEqual([
    [
      "STATE",
      "WORKSPACE",
      "SECRET",
      "OWNER",
      "SOURCE",
      "CURRENT",
      "PUSHED",
      "EFFECTIVE BY",
      "FEEDS",
    ],
    [
      "current",
      "default",
      "anthropic-prod",
      "search",
      "prod/anthropic",
      other,
      other,
      expect.stringMatching(/^20.*Z$/),
      "embed",
    ],
    [
      "current",
      "default",
      "openai-prod",
      "search",
      "prod/openai",
      first,
      first,
      expect.stringMatching(/^20.*Z$/),
      "chat, embed (fallback)",
    ],
    [""],
  ]);
});

test("as JSON it is a document with a version, times in words and no short ids", async () => {
  const { secrets, first, clock } = await secretsSetup(root);

  const { stdout } = await secrets("status", "openai-prod", "--json");

  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    server: "http://localhost:5000",
    unreadable: [],
    secrets: [
      {
        workspace: "default",
        name: "openai-prod",
        owner: "search",
        state: "current",
        reasons: [],
        secret_id: expect.any(String),
        source: "prod/openai",
        source_arn: arnOf("prod/openai"),
        current_version_id: first,
        pushed_version_id: first,
        pushed_at: new Date(clock.nowMs()).toISOString(),
        effective_by: new Date(clock.nowMs() + 60_000).toISOString(),
        endpoints: [
          {
            name: "chat",
            linkage_type: "PRIMARY",
            model_definitions: ["gpt-4o"],
            without_it: "every call fails",
          },
          {
            name: "embed",
            linkage_type: "FALLBACK",
            model_definitions: ["gpt-4o"],
            without_it: "calls go on, and this fallback helps no more",
          },
        ],
      },
    ],
  });
});

test("each AWS secret is asked about once, however many it feeds, and no value is read", async () => {
  const cli = await secretsSetup(root);
  const again = put(
    MANAGED_SECRETS,
    "default/twin",
    (await cli.record("openai-prod")).value,
    undefined,
  );
  await cli.ledger.commit([again]);
  const asked = cli.source.described.length;
  const read = cli.source.fetched.length;

  await cli.secrets("status");

  expect(cli.source.described.slice(asked).sort()).toEqual(["prod/anthropic", "prod/openai"]);
  expect(cli.source.fetched).toHaveLength(read);
});

test("another version that is AWSCURRENT differs, and since when", async () => {
  const cli = await secretsSetup(root);
  cli.source.nowMs = () => cli.clock.nowMs() - 720_000;
  const next = cli.source.put("prod/openai", VALUES[2]);

  const { status, stdout } = await cli.secrets("status", "openai-prod");

  expect(status).toBe(2);
  expect(stdout).toContain(`prod/openai  ${next}`);
  expect(stdout).toContain("    another version is AWSCURRENT for at least 12 min\n");
});

test.each<[string, (cli: Awaited<ReturnType<typeof secretsSetup>>) => unknown, string]>([
  [
    "written by hand",
    async (cli) => {
      const { secret_id } = (await cli.statusOf("openai-prod")) as { secret_id: string };
      await cli.gateway.secrets.update({
        secret_id,
        secret_value: { api_key: "other" } as never,
        updated_by: "grace",
      });
    },
    "somebody wrote it at",
  ],
  [
    "of a restored database",
    async (cli) => {
      const { id, value, ...rest } = await cli.record("openai-prod");
      const { pushed } = value;
      if (!pushed) throw new Error("not pushed");
      const later = { ...pushed, gateway_updated_at_ms: pushed.gateway_updated_at_ms + 3_600_000 };
      await cli.ledger.commit([
        put(MANAGED_SECRETS, id, { ...value, pushed: later }, { id, value, ...rest }),
      ]);
    },
    "an older database was put back",
  ],
  [
    "made again under its name",
    async (cli) => {
      const { id, value, ...rest } = await cli.record("openai-prod");
      const { pushed } = value;
      if (!pushed) throw new Error("not pushed");
      const former = { ...pushed, secret_id: "s-former" };
      await cli.ledger.commit([
        put(MANAGED_SECRETS, id, { ...value, pushed: former }, { id, value, ...rest }),
      ]);
    },
    "in place of s-former: made again by hand",
  ],
  [
    "gone",
    async (cli) => {
      const { secret_id } = (await cli.statusOf("openai-prod")) as { secret_id: string };
      await cli.gateway.secrets.delete({ secret_id, force: true });
    },
    "it is gone from the gateway",
  ],
])("a gateway secret that is %s differs", async (_, change, sentence) => {
  const cli = await secretsSetup(root);
  await change(cli);

  const { status, stdout } = await cli.secrets("status", "openai-prod");

  expect(status).toBe(2);
  expect(stdout).toContain("differs  default");
  expect(stdout).toContain(sentence);
});

test.each([
  ["missing", () => new SecretSourceError("prod/openai: there is no such secret")],
  ["denied", () => new SecretSourceError("prod/openai: the function may not read it")],
])("a source that is %s is told at its line, and the others are looked at", async (_, problem) => {
  const cli = await secretsSetup(root);
  const { describe } = cli.source;
  cli.source.describe = (id) =>
    id === "prod/openai" ? Promise.reject(problem()) : describe.call(cli.source, id);

  const { status, stdout } = await cli.secrets("status");

  expect(status).toBe(1);
  expect(stdout).toMatch(/current +default +anthropic-prod/);
  expect(stdout).toMatch(/unknown +default +openai-prod/);
  expect(stdout).toContain(`the source cannot be looked at: ${problem().message}`);
});

test("a source that lost the tag of its owner is told as a push would", async () => {
  const cli = await secretsSetup(root);
  cli.source.tag("prod/openai", undefined);

  const { status, stdout } = await cli.secrets("status", "openai-prod");

  expect(status).toBe(1);
  expect(stdout).toContain("prod/openai has no tag gateway-ops:owner");
});

test("what is pending, was rejected or is paused is said with its cause", async () => {
  const cli = await secretsSetup(root);
  const change = async (name: string, changes: object) => {
    const { id, value, ...rest } = await cli.record(name);
    await cli.ledger.commit([
      put(MANAGED_SECRETS, id, { ...value, ...changes }, { id, value, ...rest }),
    ]);
  };
  await change("openai-prod", { pending: { since_ms: 0, cause: "gateway-unreachable" } });
  await change("anthropic-prod", {
    rejected: { at_ms: 0, code: "secret-mapping", reason: "it is empty" },
  });
  await cli.run(["pause", "--worker", "secrets", "--owner", "search", "--reason", "a move"]);

  const { status, stdout } = await cli.secrets("status");

  expect(status).toBe(2);
  expect(stdout).toMatch(/pending +default +openai-prod/);
  expect(stdout).toContain(
    "a push failed and is tried again since 1970-01-01T00:00:00.000Z: gateway-unreachable",
  );
  expect(stdout).toMatch(/rejected +default +anthropic-prod/);
  expect(stdout).toContain("(secret-mapping): it is empty");
  expect(stdout).toContain("paused (secret push of search)");
});

test("a version that was revoked and that the gateway holds stands out", async () => {
  const cli = await secretsSetup(root);
  await revoke(cli.ledger, "prod/openai", cli.first);

  const { status, stdout } = await cli.secrets("status");

  expect(status).toBe(2);
  expect(stdout).toMatch(/^REVOKED +default +openai-prod/m);
  expect(stdout).toContain(`REVOKED: the gateway holds version ${cli.first}`);
});

test("a revoked version that is AWSCURRENT only is said to wait for a new one", async () => {
  const cli = await secretsSetup(root);
  await revoke(cli.ledger, "prod/openai", cli.source.put("prod/openai", VALUES[2]));

  const { stdout } = await cli.secrets("status", "openai-prod");

  expect(stdout).toContain("differs  default");
  expect(stdout).toContain("AWSCURRENT was revoked, and is not pushed");
});

test("only what is asked for is shown", async () => {
  const cli = await secretsSetup(root);

  expect((await cli.secrets("status", "--owner", "search")).stdout).toContain("openai-prod");
  expect((await cli.secrets("status", "--workspace", "default")).stdout).toContain("openai-prod");
  expect((await cli.secrets("status", "openai-prod")).stdout).not.toContain("anthropic-prod");
  const none = await cli.secrets("status", "--owner", "team-b");
  expect(none).toMatchObject({ status: 0, stdout: "" });
  expect(none.stderr).toContain("no secret of team-b is managed yet: gwops apply a manifest");
  const unknown = await cli.secrets("status", "opnai");
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toContain("no secret opnai is managed here");
});

test("a source in the environment is looked at where it is, and elsewhere told as out of reach", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);

  const here = await cli.run(["secrets", "status"]);
  const elsewhere = await cli.run(["secrets", "status"], { env: { OPENAI_KEY: "" } });
  const other = await cli.run(["secrets", "status"], { env: { OPENAI_KEY: "another-value" } });

  expect(here).toMatchObject({ status: 0, stderr: "1 secret, all current\n" });
  expect(here.stdout).toContain("env:OPENAI_KEY");
  expect(elsewhere.status).toBe(1);
  expect(elsewhere.stdout).toContain("only the machine that has it can look");
  expect(other.status).toBe(2);
  expect(other.stdout).toContain("or another machine pushed it");
  expectNoLeak([SECRET_VALUE, "another-value"], here, elsewhere, other);
});

test("a record that this release cannot read is told, and the others are shown", async () => {
  const cli = await secretsSetup(root);
  await cli.ledger.commit([
    put({ name: "secret", version: 1 }, "default/odd", { odd: true }, undefined),
  ]);

  const { status, stdout, stderr } = await cli.secrets("status");

  expect(status).toBe(1);
  expect(stdout).toContain("openai-prod");
  expect(stderr).toContain("cannot be read: default/odd: it is no record of a gateway secret");
});
