import { expect, test } from "@jest/globals";
import * as z from "zod";
import { readSettings } from "#runtime/settings.ts";

const SHAPE = {
  GATEWAY_OPS_GATEWAY_URL: z.url(),
  GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
  GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: z.coerce.number().int().positive(),
  GATEWAY_OPS_OPTIONAL: z.string().optional(),
};

test("settings are read as the types that they are meant to be", () => {
  const settings = readSettings(SHAPE, {
    GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
    GATEWAY_OPS_LEDGER_TABLE: "ledger",
    GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: "60",
    UNRELATED: "ignored",
  });

  expect(settings).toEqual({
    GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
    GATEWAY_OPS_LEDGER_TABLE: "ledger",
    GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: 60,
  });
});

test("every variable that is missing or malformed is named at once", () => {
  const read = () =>
    readSettings(SHAPE, {
      GATEWAY_OPS_GATEWAY_URL: "not an address",
      GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: "-1",
    });

  expect(read).toThrow(
    expect.objectContaining({
      code: "invalid-settings",
      disposition: "reject",
      message: expect.stringMatching(
        /^the environment is incomplete: GATEWAY_OPS_GATEWAY_URL: .*; GATEWAY_OPS_LEDGER_TABLE: .*; GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: /,
      ),
    }),
  );
  expect(read).not.toThrow("not an address");
  expect(read).not.toThrow("GATEWAY_OPS_OPTIONAL");
});

test("the environment of the process is read unless another is given", () => {
  process.env.GATEWAY_OPS_TEST_ONLY = "from the process";

  expect(readSettings({ GATEWAY_OPS_TEST_ONLY: z.string() })).toEqual({
    GATEWAY_OPS_TEST_ONLY: "from the process",
  });

  delete process.env.GATEWAY_OPS_TEST_ONLY;
});
