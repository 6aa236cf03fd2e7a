import { expect, test } from "@jest/globals";
import { CURRENT_STAGE, type SecretSource } from "#secrets/source.ts";

/** A source, and whoever stores secrets in it. */
export interface SecretSourceWorld {
  readonly source: SecretSource;
  /** Stores a value as the new current version, for the owner `search`; returns the version's id. */
  put(name: string, value: string): string | Promise<string>;
  putUntagged(name: string, value: string): unknown;
  moveBack(name: string, versionId: string): unknown;
  label(name: string, versionId: string, label: string): unknown;
  delete(name: string): unknown;
  restore(name: string): unknown;
  deleteForced(name: string): unknown;
}

const SIGNAL = new AbortController().signal;

let names = 0;

/** What every source with versions must do; the world may be the same again and again. */
export function secretSourceBehaviour(worldOf: () => SecretSourceWorld): void {
  const setup = () => {
    names += 1;
    const name = `behaviour/secret-${names}`;
    const world = worldOf();
    const described = (id = name) => world.source.describe(id, SIGNAL);
    const storedIn = async (versionId: string) =>
      (await world.source.fetch((await described()).arn, versionId, SIGNAL)).reveal();
    return { ...world, world, name, described, storedIn };
  };

  test("a secret is described by name and by ARN, with its owner and the labels of its versions", async () => {
    const { world, name, described } = setup();
    const first = await world.put(name, "one");
    const second = await world.put(name, "two");
    await world.label(name, second, "CUSTOM");

    const found = await described();

    expect(found.arn).toMatch(new RegExp(`^arn:aws:secretsmanager:.+:secret:${name}-\\w{6}$`));
    expect(found).toMatchObject({ currentVersionId: second, owner: "search" });
    expect(Object.keys(found.stages).sort()).toEqual([first, second].sort());
    expect(found.stages[first]).toEqual(["AWSPREVIOUS"]);
    expect([...(found.stages[second] ?? [])].sort()).toEqual([CURRENT_STAGE, "CUSTOM"]);
    expect(found.lastChangedAtMs).toBeGreaterThanOrEqual(0);
    expect(await described(found.arn)).toEqual(found);
  });

  test("a version that lost its last label is not described any more", async () => {
    const { world, name, described } = setup();
    const first = await world.put(name, "one");
    await world.put(name, "two");
    await world.put(name, "three");

    expect((await described()).stages).not.toHaveProperty(first);
  });

  test("the value is that of the version that is current, and of no other", async () => {
    const { world, name, described, storedIn } = setup();
    const first = await world.put(name, "one");
    const second = await world.put(name, "two");

    expect(await storedIn(second)).toBe("two");
    await expect(storedIn(first)).rejects.toMatchObject({
      code: "secret-source-moved",
      disposition: "retry",
    });

    await world.moveBack(name, first);
    expect((await described()).currentVersionId).toBe(first);
    expect(await storedIn(first)).toBe("one");
  });

  test("a version that there is not is taken for one that is not there yet", async () => {
    const { world, name, storedIn } = setup();
    await world.put(name, "one");

    await expect(storedIn("00000000-0000-4000-8000-000000000000")).rejects.toMatchObject({
      code: "secret-source-moved",
    });
  });

  test("a secret without the tag has no owner", async () => {
    const { world, name, described } = setup();
    await world.putUntagged(name, "one");

    expect((await described()).owner).toBeUndefined();
  });

  test("what does not exist cannot be described", async () => {
    const { described, name } = setup();

    await expect(described()).rejects.toMatchObject({
      code: "secret-source",
      message: expect.stringContaining(`${name}: there is no such secret`),
    });
  });

  test("what is scheduled for deletion cannot be used until it is restored", async () => {
    const { world, name, described } = setup();
    const version = await world.put(name, "one");
    const { arn } = await described();
    await world.delete(name);

    const problem = { code: "secret-source", message: expect.stringContaining("for deletion") };
    await expect(described()).rejects.toMatchObject(problem);
    await expect(world.source.fetch(arn, version, SIGNAL)).rejects.toMatchObject(problem);

    await world.restore(name);
    expect((await described()).currentVersionId).toBe(version);
  });

  test("what is made again under its name has another ARN, and the former one is gone", async () => {
    const { world, name, described } = setup();
    await world.put(name, "one");
    const { arn: former } = await described();
    await world.deleteForced(name);
    await world.put(name, "two");

    expect((await described()).arn).not.toBe(former);
    await expect(described(former)).rejects.toMatchObject({ code: "secret-source" });
  });
}
