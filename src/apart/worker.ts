import { carryOut, type Task } from "./task.ts";

/** One task, one answer, and then the process ends: nobody has anything else to say to it. */
process.once("message", (task: Task) => {
  void carryOut(task).then((answer) => process.send?.(answer, () => process.disconnect()));
});
