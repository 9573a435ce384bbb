// The apps that a person can open: their own, and those that others share with them.
import { all, path } from "bowerbird/api.js";

export async function myApps(me, options) {
  const [own, shared] = await Promise.all([
    all(path`/v2/users/${me}/apps`, "apps", options),
    all(path`/v2/users/${me}/collaborations`, "collaborations", options).catch(() => []),
  ]);
  // The API tells those that are shared among one's own, too: once is enough.
  return [...own.filter((app) => app.user_id === me), ...shared.map((one) => one.app).filter((app) => app && app.user_id !== me)];
}
