// The models that can be watched: those of all apps that a person sees, and the public ones, with what they take and give.
import { all, call, path } from "bowerbird/api.js";
import { myApps } from "bowerbird/home/apps.js";

const PUBLIC = { user_id: "clarifai", id: "main" };
const MEDIA = ["image", "text", "video", "audio"];
const TRAINED = 21100;

// All of them, as { user, app, id, takes, gives, isReady }; apps that cannot be read are left out.
export async function watchable(me, signal) {
  const [apps, types] = await Promise.all([myApps(me, { signal }), all("/v2/models/types", "model_types", { signal })]);
  const typeOf = new Map(types.filter(isAsked).map((type) => [type.id, type]));
  const lists = await Promise.all([...apps, PUBLIC].map((place) => modelsOf(place, signal)));
  return lists.flat().filter((model) => typeOf.has(model.model_type_id)).map((model) => shown(model, typeOf.get(model.model_type_id)));
}

// Operators answer about answers; people send media to models, or what was trained does.
const isAsked = (type) => type.trainable || (type.input_fields?.length && type.input_fields.every((name) => MEDIA.includes(name)));

async function modelsOf(place, signal) {
  const found = await all(path`/v2/users/${place.user_id}/apps/${place.id}/models`, "models", { signal }).catch(() => []);
  return found.filter((model) => model.user_id === place.user_id && model.app_id === place.id); // lists tell public ones, too
}

const plain = (fields) => [...new Set((fields ?? []).map((name) => name.split("[")[0]))];

function shown(model, type) {
  return {
    user: model.user_id, app: model.app_id, id: model.id, name: model.name, takes: plain(type.input_fields), gives: plain(type.output_fields),
    isReady: model.model_version?.status?.code === TRAINED, isPublic: model.user_id === PUBLIC.user_id,
  };
}

export const versionsOf = (source, signal) =>
  call("GET", path`/v2/users/${source.user}/apps/${source.app}/models/${source.model}/versions?per_page=50`, undefined, { signal }).then((answer) => answer.model_versions ?? []);
