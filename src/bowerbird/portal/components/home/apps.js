// The apps that a person can open: their own, and those that others share with them, by invitation or by a role.
import { all, path } from "bowerbird/api.js";

export const myApps = (me, options) => all(path`/v2/users/${me}/apps`, "apps", options);
