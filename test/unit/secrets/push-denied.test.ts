import { expect, test } from "@jest/globals";
import { pushSecret } from "#secrets/push.ts";
import { type PushTrigger, pushChanged } from "#secrets/push-changed.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { applySetup } from "../../support/apply-setup.ts";
import { messagesIn } from "../../support/builders.ts";
import { arnOf, type FakeSecretSource } from "../../support/fake-secret-source.ts";

const SOURCE = "prod/openai";

function denied(): Promise<never> {
  return Promise.reject(new SecretSourceError(`${SOURCE}: AWS denied it`));
}

/** Why a new version cannot be pushed, and how somebody mends that. */
const CAUSES: [string, (source: FakeSecretSource) => void, (source: FakeSecretSource) => void][] = [
  [
    "lost its tag",
    (source) => source.tag(SOURCE, undefined),
    (source) => source.tag(SOURCE, "search"),
  ],
  [
    "may not be described",
    (source) => Object.assign(source, { describe: denied }),
    (source) => Reflect.deleteProperty(source, "describe"),
  ],
  [
    "may not be read",
    (source) => Object.assign(source, { fetch: denied }),
    (source) => Reflect.deleteProperty(source, "fetch"),
  ],
];

/** A gateway secret as config sync left it. */
async function setup() {
  const { source, gateway, ledger, dependencies } = applySetup();
  source.put(SOURCE, "value-one");
  const target = {
    ...{ workspace: "default", name: "openai", owner: "search", provider: "openai" },
    value_from: { secrets_manager: SOURCE },
  };
  await pushSecret(dependencies, target, undefined);
  let runs = 0;
  const push = (trigger: PushTrigger) => {
    runs += 1;
    return pushChanged({ ...dependencies, runId: `push-${runs}` }, trigger, { isLast: true });
  };
  const told = async () =>
    (await messagesIn(ledger)).map(({ type, severity }) => [type.split(".").at(-1), severity]);
  return { source, gateway, push, told, value: () => gateway.storedValue("openai") };
}

test.each(CAUSES)(
  "a new version of a source that %s is told once, and pushed by the schedule when that is mended",
  async (_, spoil, mend) => {
    const { source, push, told, value } = await setup();
    const versionId = source.put(SOURCE, "value-two");
    spoil(source);

    const [outcome] = await push({ sourceArn: arnOf(SOURCE), versionId });
    await push({ look: "pending" });
    await push({ look: "pending" });

    expect(outcome).toMatchObject({ outcome: "pending", cause: { code: "secret-source" } });
    expect(value()).toEqual({ api_key: "value-one" });
    // Calls go on with the former key, which whoever rotates it may take away.
    expect(await told()).toEqual([["push-pending", "critical"]]);

    mend(source);
    await push({ look: "pending" });

    expect(value()).toEqual({ api_key: "value-two" });
    expect((await told()).map(([what]) => what).sort()).toEqual(["push-pending", "pushed"]);
  },
);
