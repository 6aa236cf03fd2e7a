import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type {
  Ledger,
  LedgerKind,
  LedgerRecord,
  LedgerWrite,
  ListOptions,
} from "#runtime/ledger.ts";
import { checkCommit } from "#runtime/ledger-limits.ts";
import { readRecord, readRecords, type StoredRecord } from "#runtime/stored-record.ts";
import { awsCall, type CallOptions, callOptions } from "./aws-call.ts";

/**
 * The ledger in a DynamoDB table with the keys `kind` and `id`. The record is kept as JSON in
 * `body`; `version` is its kind's, `revision` guards each write, and `expiresAt` (seconds) lets
 * DynamoDB forget history.
 */
export class DynamoLedger implements Ledger {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #options: CallOptions;

  /** All calls end with the signal. */
  constructor(client: DynamoDBClient, table: string, signal?: AbortSignal) {
    this.#client = client;
    this.#table = table;
    this.#options = callOptions(signal);
  }

  async read<T>(kind: LedgerKind<T>, id: string): Promise<LedgerRecord<T> | undefined> {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: keyOf(kind.name, id),
      ConsistentRead: true,
    });
    const { Item } = await awsCall("reading the ledger", () =>
      this.#client.send(command, this.#options),
    );
    return Item && readRecord(kind, fromItem(Item));
  }

  async list<T>(kind: LedgerKind<T>, options: ListOptions = {}): Promise<LedgerRecord<T>[]> {
    const stored: StoredRecord[] = [];
    const { after, limit = Number.POSITIVE_INFINITY } = options;
    const [condition, values] =
      after === undefined
        ? ["kind = :kind", {}]
        : ["kind = :kind AND id > :after", { ":after": { S: after } }];
    let startKey: Record<string, AttributeValue> | undefined;
    do {
      const left = limit - stored.length;
      const command: QueryCommand = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: condition,
        ExpressionAttributeValues: { ":kind": { S: kind.name }, ...values },
        ConsistentRead: true,
        ...(Number.isFinite(left) ? { Limit: left } : {}),
        ExclusiveStartKey: startKey,
      });
      const page = await awsCall("listing the ledger", () =>
        this.#client.send(command, this.#options),
      );
      stored.push(...(page.Items ?? []).map(fromItem));
      startKey = page.LastEvaluatedKey;
    } while (startKey && stored.length < limit);
    return readRecords(kind, stored, options);
  }

  async commit(writes: readonly LedgerWrite[]): Promise<boolean> {
    checkCommit(writes);
    if (writes.length === 0) return true;
    const command = new TransactWriteItemsCommand({
      TransactItems: writes.map((write) => toTransactItem(this.#table, write)),
    });
    return awsCall("writing the ledger", async () => {
      try {
        await this.#client.send(command, this.#options);
        return true;
      } catch (error) {
        if (error instanceof TransactionCanceledException && isConflict(error)) return false;
        throw error;
      }
    });
  }
}

/** Both mean that another run was faster; every other reason is a failure. */
function isConflict(error: TransactionCanceledException): boolean {
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? "None");
  return codes.some((code) => code === "ConditionalCheckFailed" || code === "TransactionConflict");
}

function toTransactItem(table: string, write: LedgerWrite): TransactWriteItem {
  const { kind, id, version, value, expectedRevision, expiresAtMs } = write;
  const condition =
    expectedRevision === 0
      ? { ConditionExpression: "attribute_not_exists(id)" }
      : {
          ConditionExpression: "revision = :expected",
          ExpressionAttributeValues: { ":expected": { N: String(expectedRevision) } },
        };
  if (value === undefined) {
    return { Delete: { TableName: table, Key: keyOf(kind, id), ...condition } };
  }
  const item = {
    ...keyOf(kind, id),
    version: { N: String(version) },
    revision: { N: String(expectedRevision + 1) },
    body: { S: JSON.stringify(value) },
    ...(expiresAtMs === undefined
      ? {}
      : { expiresAt: { N: String(Math.ceil(expiresAtMs / 1000)) } }),
  };
  return { Put: { TableName: table, Item: item, ...condition } };
}

function keyOf(kind: string, id: string): Record<string, AttributeValue> {
  return { kind: { S: kind }, id: { S: id } };
}

function fromItem(item: Record<string, AttributeValue>): StoredRecord {
  return {
    id: item.id?.S ?? "",
    revision: Number(item.revision?.N),
    version: Number(item.version?.N),
    body: item.body?.S ?? "",
  };
}
