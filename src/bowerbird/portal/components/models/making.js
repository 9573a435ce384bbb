// Makes a model, or the next version of one.
import { ref } from "vue";
import { call, path } from "bowerbird/api.js";

// `post({ id, description }, type, version)` answers the model; `error` says why it could not be made.
export function useMaking(props) {
  const error = ref(null), isBusy = ref(false);
  const post = async ({ id, description }, model_type_id, version) => {
    isBusy.value = true;
    error.value = null;
    try {
      const answer = props.to
        ? await call("POST", props.place + path`/models/${props.to}/versions`, { model_versions: [{ ...version, description }] })
        : await call("POST", `${props.place}/models`, { models: [{ id, description, model_type_id, model_version: version }] });
      return answer.model;
    } catch (problem) {
      error.value = problem;
      return null;
    } finally {
      isBusy.value = false;
    }
  };
  return { error, isBusy, post };
}

const SIDES = { image: "visual", tensor: "visual", text: "text", "image-bytes": "visual" };
// The type of a model that takes and answers these.
export const typeFor = (kind, answers) => `${SIDES[kind] ?? "visual"}-${answers === "embedding" ? "embedder" : "classifier"}`;
