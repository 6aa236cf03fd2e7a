import { expect } from "@jest/globals";
import { callLocal } from "../../../scripts/local/http.ts";
import { madeUpKey } from "../../../scripts/story/actions.ts";
import type { World } from "../../../scripts/story/world.ts";

/** Whose login the workers have where a test takes it away: an admin otherwise. */
export const OPERATOR = { username: "operator", password: madeUpKey("operator-password") };

/** Whether MLflow shows the operator everything. */
export async function makeAdmin({ mlflow }: World, is_admin: boolean): Promise<void> {
  const { admin, trackingUri } = mlflow;
  if (!admin) throw new Error("the server of this test has accounts");
  const answer = await callLocal(`${trackingUri}/api/2.0/mlflow/users/update-admin`, {
    method: "PATCH",
    user: admin,
    json: { username: OPERATOR.username, is_admin },
  });
  expect(answer.status).toBe(200);
}
