import { randomUUID } from "node:crypto";
import { expect, test } from "@jest/globals";
import {
  CURRENT,
  PENDING,
  PREVIOUS,
  type VersionedSecrets,
  versionWith,
} from "#rotation/versioned-secrets.ts";
import { Redacted } from "#runtime/redacted.ts";
import { madeUpKey } from "../../scripts/story/actions.ts";
import type { RotationBackend } from "./rotation-driver.ts";

const { signal } = new AbortController();

interface Place {
  readonly secrets: VersionedSecrets;
  readonly backend: RotationBackend;
  /** A new secret with one current version, tagged for rotation; its name. */
  create(value: string): Promise<string>;
}

/** What every keeper of versions must do, as Secrets Manager documents it. */
export function versionsBehaviour(place: () => Place): void {
  const made = async () => {
    const { secrets, backend, create } = place();
    const name = await create(madeUpKey("first"));
    const secret = await secrets.describe(name, signal);
    return { secrets, backend, name, secret, arn: secret.arn, first: versionWith(secret, CURRENT) };
  };
  const value = () => new Redacted(madeUpKey("next"));

  test("a secret is told with its tags and the labels of its versions", async () => {
    const { secret, name, first = "" } = await made();

    expect(secret).toMatchObject({ name, strategy: "static", owner: "search" });
    expect([...secret.versions]).toEqual([[first, [CURRENT]]]);
  });

  test("a version that Secrets Manager begins a rotation with has a label and no value", async () => {
    const { secrets, backend, arn } = await made();
    const token = randomUUID();

    await backend.register(arn, token);

    expect((await secrets.describe(arn, signal)).versions.get(token)).toEqual([PENDING]);
    expect(await secrets.read(arn, token, signal)).toBeUndefined();
    expect(await secrets.read(arn, randomUUID(), signal)).toBeUndefined();
  });

  test("a value that is stored under a token is read by it, and AWSCURRENT stays", async () => {
    const { secrets, arn, first } = await made();
    const [id, next] = [randomUUID(), value()];

    expect(await secrets.store(arn, { id, value: next, labels: [PENDING] }, signal)).toBe(true);
    expect(await secrets.store(arn, { id, value: next, labels: [PENDING] }, signal)).toBe(true);

    expect((await secrets.read(arn, id, signal))?.reveal()).toBe(next.reveal());
    expect(versionWith(await secrets.describe(arn, signal), CURRENT)).toBe(first);
  });

  test("AWSCURRENT moves from where it is, and AWSPREVIOUS follows it", async () => {
    const { secrets, arn, first = "" } = await made();
    const id = randomUUID();
    await secrets.store(arn, { id, value: value(), labels: [PENDING] }, signal);

    await secrets.moveLabel(arn, { label: CURRENT, to: id, from: first }, signal);

    const after = await secrets.describe(arn, signal);
    expect(versionWith(after, CURRENT)).toBe(id);
    expect(versionWith(after, PREVIOUS)).toBe(first);
  });

  test("a label that is elsewhere by now is not moved", async () => {
    const { secrets, arn, first = "" } = await made();
    const id = randomUUID();
    await secrets.store(arn, { id, value: value(), labels: ["ONE"] }, signal);

    await expect(
      secrets.moveLabel(arn, { label: CURRENT, to: id, from: id }, signal),
    ).rejects.toThrow("InvalidParameter");
    await expect(secrets.moveLabel(arn, { label: "ONE", from: first }, signal)).rejects.toThrow(
      "InvalidParameter",
    );

    expect((await secrets.describe(arn, signal)).versions.get(id)).toEqual(["ONE"]);
  });

  test("a label is put on a version, moved, and taken away", async () => {
    const { secrets, arn, first = "" } = await made();
    const id = randomUUID();
    await secrets.store(arn, { id, value: value(), labels: [PENDING] }, signal);
    const labelled = async () => versionWith(await secrets.describe(arn, signal), "ONE");

    await secrets.moveLabel(arn, { label: "ONE", to: first }, signal);
    const put = await labelled();
    await secrets.moveLabel(arn, { label: "ONE", to: id, from: first }, signal);
    const moved = await labelled();
    await secrets.moveLabel(arn, { label: "ONE", from: id }, signal);

    expect([put, moved, await labelled()]).toEqual([first, id, undefined]);
  });

  test("there is a sentence for a secret that is not there", async () => {
    await expect(place().secrets.describe("no/such", signal)).rejects.toThrow(
      "no/such: there is no such secret in AWS Secrets Manager",
    );
  });
}
