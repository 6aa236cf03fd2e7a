import { expect, test } from "@jest/globals";
import { FakeGateway } from "../../support/fake-gateway.ts";
import { gatewayBehaviour } from "../../support/gateway-behaviour.ts";
import { invocationBehaviour } from "../../support/invocation-behaviour.ts";

gatewayBehaviour(() => new FakeGateway());

invocationBehaviour(() => {
  const gateway = new FakeGateway();
  const { invocations } = gateway;
  const answerNext = (status: number) => {
    gateway.upstream = () => {
      gateway.upstream = () => 200;
      return status;
    };
  };
  return { gateway, invocations, auth_config: { auth_mode: "api_key" }, answerNext };
});

test("a fault hits the call it was meant for, with or without effect", async () => {
  const gateway = new FakeGateway();
  const secret = (secret_name: string) => ({ secret_name, secret_value: { api_key: "value-one" } });
  gateway.failOn("createSecret", 2, new Error("refused"));
  gateway.loseAnswer("createSecret", 3, new Error("lost"));

  await gateway.secrets.create(secret("first"));
  await expect(gateway.secrets.create(secret("second"))).rejects.toThrow("refused");
  await expect(gateway.secrets.create(secret("third"))).rejects.toThrow("lost");

  expect(gateway.writes()).toHaveLength(3);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-one" });
  expect(gateway.storedValue("second")).toBeUndefined();
  expect(gateway.storedValue("third")).toEqual({ api_key: "value-one" });
});
