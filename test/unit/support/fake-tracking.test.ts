import { FakeGateway } from "../../support/fake-gateway.ts";
import { trackingBehaviour } from "../../support/tracking-behaviour.ts";

trackingBehaviour(() => {
  const gateway = new FakeGateway();
  const { tracking } = gateway;
  return {
    gateway,
    tracking,
    registerScorer: (experiment_id, name) => tracking.registerScorer(experiment_id, name),
    deleteExperiment: ({ name }) => tracking.deleteExperiment(name),
  };
});
