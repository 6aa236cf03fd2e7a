import { type Access, accessUnder, OPEN } from "#manifest/access.ts";
import { isPolicyDocument } from "#manifest/policy-document.ts";
import { readDocument } from "#manifest/read.ts";
import type { ParsePolicy } from "#manifest/types.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import {
  isManifestKey,
  isNamedLikePolicy,
  type ManifestSource,
  ownerOfKey,
  POLICY_KEY,
} from "./manifest-source.ts";
import type { OwnerFile } from "./owner-file.ts";
import { type PolicyFile, readPolicyFile } from "./policy-file.ts";

/**
 * What holds in a deployment as long as there is no policy file; one that is there always holds,
 * and one under a wrong name closes every tenancy.
 * - `single`: one owner, `default`, may do everything
 * - `policy`: nobody may do anything
 * - `open`: every owner may do everything but with what belongs to another one
 */
export const TENANCIES = ["single", "policy", "open"] as const;
export type Tenancy = (typeof TENANCIES)[number];

export interface TenancyDependencies {
  readonly manifests: ManifestSource;
  readonly tenancy: Tenancy;
  /** Reads the policy, within bounds of time and memory. @default in this process, without bounds */
  readonly parsePolicy?: ParsePolicy | undefined;
}

/** Nobody can tell what is granted: nothing is applied until somebody says so. */
export class ClosedError extends GatewayOpsError {
  override readonly name = "ClosedError";
  readonly code: "no-policy" | "invalid-policy" | "misnamed-policy";
  readonly disposition = "reject";

  constructor(code: ClosedError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Who may do what, as it is now. */
export interface Permissions {
  /** Of tenancy and policy file: what was decided under another one is decided anew. */
  readonly version: string;
  /** Why nothing is applied for anybody. */
  readonly closed?: ClosedError | undefined;
  /** Throws the {@link ClosedError}. */
  readonly accessOf: (owner: string) => Access;
}

const OWNER_DEFAULT = "default";

export async function readPermissions({
  manifests,
  tenancy,
  parsePolicy,
}: TenancyDependencies): Promise<Permissions> {
  const file = await readPolicyFile(manifests, parsePolicy);
  const closed = await closure(manifests, tenancy, file);
  return {
    version: `${tenancy}@${file.is === "missing" ? "" : file.version_id}`,
    closed,
    accessOf: (owner) => {
      if (closed) throw closed;
      return accessIn(tenancy, file, owner);
    },
  };
}

async function closure(
  manifests: ManifestSource,
  tenancy: Tenancy,
  file: PolicyFile,
): Promise<ClosedError | undefined> {
  if (file.is === "invalid") return new ClosedError("invalid-policy", file.issues.join("\n"));
  if (file.is === "valid") return undefined;
  const keys = (await misnamedPolicies(manifests)).join(", ");
  if (tenancy === "policy") {
    const hint = keys === "" ? "" : ` (${keys} is not read: the name is wrong)`;
    return new ClosedError(
      "no-policy",
      `nothing is applied for anybody: the tenancy of this stack is "policy", and there is no ${POLICY_KEY}${hint}. Put one there that grants each owner what it may do; all that waits goes on by itself then`,
    );
  }
  if (keys === "") return undefined;
  return new ClosedError(
    "misnamed-policy",
    `nothing is applied for anybody: ${keys} looks like a policy under a wrong name, so that nobody can tell what is granted. The policy is ${POLICY_KEY}, in exactly these letters: rename the file, or remove it; all that waits goes on by itself then`,
  );
}

/**
 * What somebody meant to be the policy: outside all folders by its name, elsewhere by what it says.
 * Each run looks for it: of what lies in the folders of the owners no more than the first files.
 */
async function misnamedPolicies(manifests: ManifestSource): Promise<string[]> {
  const { files } = await manifests.listTop();
  const listed = [...files, ...(await manifests.listManifests(undefined, LOOKED_AT_MAX))];
  const sizes = new Map(listed.map(({ key, bytes }) => [key, bytes]));
  const isPolicy = async (key: string) => {
    const [isOutside, isNamed] = [ownerOfKey(key) === "", isNamedLikePolicy(key)];
    if (isOutside && isNamed) return true;
    if (!(isOutside || isNamed) || (sizes.get(key) ?? 0) > POLICY_BYTES_MAX) return false;
    return saysPolicy(await manifests.readNewest(key));
  };
  const found: string[] = [];
  for (const key of [...sizes.keys()].filter(isManifestKey).sort()) {
    if (await isPolicy(key)) found.push(key);
  }
  return found;
}

/** Ten requests; most buckets have fewer files than one shows. */
const LOOKED_AT_MAX = 10_000;

/** Longer files are read in a thread, and no policy is that long. */
const POLICY_BYTES_MAX = 100 * 1024;

function saysPolicy(file: OwnerFile | undefined): boolean {
  const read = file && readDocument(file.content, POLICY_BYTES_MAX);
  return read !== undefined && "document" in read && isPolicyDocument(read.document);
}

function accessIn(tenancy: Tenancy, file: PolicyFile, owner: string): Access {
  if (tenancy === "single" && owner !== OWNER_DEFAULT) {
    const message = `is not applied: this stack has one owner, whose manifests lie in manifests/${OWNER_DEFAULT}/. Move it there, or deploy the stack with the setting tenancy=policy (or open) to have several owners, got the owner "${owner}"`;
    return { is: "denied", rule: "owner", message };
  }
  return file.is === "valid" ? accessUnder(file.policy, owner) : OPEN;
}
