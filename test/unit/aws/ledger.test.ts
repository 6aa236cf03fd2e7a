import {
  type AttributeValue,
  type DynamoDBClient,
  type GetItemCommandOutput,
  type QueryCommandOutput,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import { expect, test } from "@jest/globals";
import { DynamoLedger } from "#aws/ledger.ts";
import { put, remove } from "#runtime/ledger.ts";

const NOTES = { name: "note", version: 1 };

type Answer = Partial<QueryCommandOutput & GetItemCommandOutput> | Error;

function ledgerOf(answers: readonly Answer[]) {
  const inputs: unknown[] = [];
  const send = ({ input }: { input: unknown }) => {
    inputs.push(input);
    const answer = answers[inputs.length - 1] ?? {};
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { inputs, ledger: new DynamoLedger({ send } as unknown as DynamoDBClient, "the-table") };
}

function itemOf(id: string) {
  return {
    kind: { S: "note" },
    id: { S: id },
    version: { N: "1" },
    revision: { N: "3" },
    body: { S: '"text"' },
  };
}

function cancelled(...codes: readonly string[]): Error {
  return new TransactionCanceledException({
    message: "cancelled",
    $metadata: {},
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
}

test("a list goes on until its last page", async () => {
  const lastKey = { kind: { S: "note" }, id: { S: "b" } };
  const { inputs, ledger } = ledgerOf([
    { Items: [itemOf("a"), itemOf("b")], LastEvaluatedKey: lastKey },
    { LastEvaluatedKey: lastKey },
    { Items: [itemOf("c")] },
  ]);

  const records = await ledger.list(NOTES);

  expect(records.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(records[0]).toEqual({ id: "a", value: "text", revision: 3 });
  expect(inputs).toMatchObject([
    { ConsistentRead: true },
    { ConsistentRead: true, ExclusiveStartKey: lastKey },
    { ConsistentRead: true, ExclusiveStartKey: lastKey },
  ]);
});

test("a record is read consistently", async () => {
  const { inputs, ledger } = ledgerOf([{}]);

  expect(await ledger.read(NOTES, "a")).toBeUndefined();

  expect(inputs).toMatchObject([{ TableName: "the-table", ConsistentRead: true }]);
});

test("every write carries the condition that guards it", async () => {
  const { inputs, ledger } = ledgerOf([]);
  const record = { id: "b", value: "old", revision: 3 };

  await ledger.commit([
    put(NOTES, "a", "new", undefined, { expiresAtMs: 1_795_435_200_001 }),
    put(NOTES, "b", "new", record),
    remove(NOTES, { ...record, id: "c" }),
  ]);

  const guarded = {
    ConditionExpression: "revision = :expected",
    ExpressionAttributeValues: { ":expected": { N: "3" } },
  };
  expect(inputs).toEqual([
    {
      TransactItems: [
        {
          Put: {
            TableName: "the-table",
            Item: {
              kind: { S: "note" },
              id: { S: "a" },
              version: { N: "1" },
              revision: { N: "1" },
              body: { S: '"new"' },
              expiresAt: { N: "1795435201" },
            },
            ConditionExpression: "attribute_not_exists(id)",
          },
        },
        {
          Put: {
            TableName: "the-table",
            Item: {
              kind: { S: "note" },
              id: { S: "b" },
              version: { N: "1" },
              revision: { N: "4" },
              body: { S: '"new"' },
            },
            ...guarded,
          },
        },
        {
          Delete: {
            TableName: "the-table",
            Key: { kind: { S: "note" }, id: { S: "c" } },
            ...guarded,
          },
        },
      ],
    },
  ]);
});

test.each([
  ["a record that is not as expected", cancelled("None", "ConditionalCheckFailed")],
  ["a transaction of another run at the same moment", cancelled("TransactionConflict", "None")],
])("%s means that another run was faster", async (_, error) => {
  const { ledger } = ledgerOf([error]);

  expect(await ledger.commit([put(NOTES, "a", "new", undefined)])).toBe(false);
});

test.each([
  ["a table that is throttled", cancelled("ThrottlingError")],
  ["an unknown failure", new Error("no network")],
])("%s is a failure that may pass, not a faster run", async (_, error) => {
  const { ledger } = ledgerOf([error]);

  await expect(ledger.commit([put(NOTES, "a", "new", undefined)])).rejects.toMatchObject({
    code: "aws-call",
    disposition: "retry",
  });
});

test.each([
  ["no JSON", { body: { S: "{" } }],
  ["no body", { body: undefined }],
])("an item of the table with %s is named, and can be left out of a list", async (_, fields) => {
  const item = { ...itemOf("a"), ...fields } as Record<string, AttributeValue>;
  const { ledger } = ledgerOf([{ Item: item }, { Items: [item, itemOf("b")] }]);
  const unreadable: string[] = [];

  const read = ledger.read(NOTES, "a");
  await expect(read).rejects.toThrow("the record note a of the ledger is not JSON; remove it");
  const records = await ledger.list(NOTES, { onUnreadable: (id) => unreadable.push(id) });

  expect(records.map(({ id }) => id)).toEqual(["b"]);
  expect(unreadable).toEqual(["a"]);
});
