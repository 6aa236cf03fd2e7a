import { FakeSecretSource } from "../../support/fake-secret-source.ts";
import { secretSourceBehaviour } from "../../support/secret-source-behaviour.ts";

secretSourceBehaviour(() => {
  const source = new FakeSecretSource();
  return {
    source,
    put: (name, value) => source.put(name, value),
    putUntagged: (name, value) => source.putUntagged(name, value),
    moveBack: (name, versionId) => source.moveBack(name, versionId),
    label: (name, versionId, label) => source.label(name, versionId, label),
    delete: (name) => source.delete(name),
    restore: (name) => source.restore(name),
    deleteForced: (name) => source.deleteForced(name),
  };
});
