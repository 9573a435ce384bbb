// What goes with a collector: the rules that the form wrote for it, now and before, which its revisions name.
import { all, call, path } from "bowerbird/api.js";
import { own, place } from "bowerbird/collectors/common.js";
import { keyOf, usesOf } from "bowerbird/models/uses.js";

const WRITTEN = /-rules-\d+$/; // as the form names them

// Deletes the collector, and then its rules as far as nothing else goes by them.
export async function removeCollector(user, app, id) {
  const rules = await rulesOf(user, app, id).catch(() => []); // whoever may not look leaves them where they are
  await call("DELETE", `${place(user, app)}/collectors`, { ids: [id] });
  for (const workflow of rules) await removeRules(user, app, workflow).catch(() => null); // they harm nobody where they stay
}

async function rulesOf(user, app, id) {
  const [revisions, collectors, about] = await Promise.all([
    revisionsOf(user, app, id), all(`${place(user, app)}/collectors`, "collectors"), call("GET", place(user, app)),
  ]);
  const named = new Set([about.app.default_workflow_id, ...(await othersName(user, app, collectors.filter((one) => one.id !== id)))]);
  return [...new Set(revisions.map((one) => one.collector?.pre_queue_workflow_id))].filter((one) => WRITTEN.test(one ?? "") && !named.has(one));
}

const revisionsOf = (user, app, id) => all(`${own(user, app)}${path`/collectors/${id}/revisions`}`, "revisions");

// A duplicate of the collector goes by the same workflow, or did: then it can still be restored there.
async function othersName(user, app, others) {
  const revisions = await Promise.all(others.map((one) => revisionsOf(user, app, one.id)));
  return [...others, ...revisions.flat().map((one) => one.collector ?? {})].flatMap((one) => [one.pre_queue_workflow_id, one.post_queue_workflow_id]);
}

async function removeRules(user, app, id) {
  const address = path`/v2/users/${user}/apps/${app}/workflows/${id}`;
  const { workflow } = await call("GET", address);
  await call("DELETE", address);
  const uses = await usesOf(place(user, app));
  const stem = id.replace(WRITTEN, "-rules-"); // what else somebody drew into it is not the form's
  const isWritten = (model) => model.app_id === app && model.user_id === user && model.id.startsWith(stem);
  const ids = workflow.nodes.map((node) => node.model).filter((model) => isWritten(model) && !uses[keyOf(model)]).map((model) => model.id);
  if (ids.length) await call("DELETE", `${place(user, app)}/models`, { ids });
}
