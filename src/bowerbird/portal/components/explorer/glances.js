// The small pictures and beginnings of texts that the grid shows, many in one answer: a request for each would take
// the server longer than the pictures themselves.
import { shallowReactive } from "vue";
import { call } from "bowerbird/api.js";

const MOST = 96; // in a request

export class Glances {
  // `arrived` is called when more can be asked for; `signal` ends it all.
  constructor(place, signal, arrived) {
    Object.assign(this, { address: `${place.replace("/v2/", "/v1/")}/inputs/glances`, signal, arrived, asked: null });
    this.state = shallowReactive({}); // by the input's id: { picture } or { text }; {} shows itself by its own address
  }

  has(id) {
    return id in this.state;
  }

  // Asks for what is missing of these, unless a request for some of them is on its way.
  want(ids) {
    const missing = ids.filter((id) => !this.has(id)).slice(0, MOST);
    if (!missing.length || missing.some((id) => this.asked?.ids.has(id))) return;
    this.asked?.controller.abort();
    this.ask(missing);
  }

  async ask(ids) {
    const asked = { ids: new Set(ids), controller: new AbortController() };
    this.asked = asked;
    try {
      const { glances = [] } = await call("POST", this.address, { input_ids: ids }, { signal: AbortSignal.any([asked.controller.signal, this.signal]) });
      const found = new Map(glances.map((one) => [one.input_id, one]));
      for (const id of ids) this.state[id] = shown(found.get(id));
    } catch (error) {
      if (error.name === "AbortError") return;
      for (const id of ids) this.state[id] = {};
    }
    this.asked = null;
    this.arrived();
  }

  forget(ids) {
    for (const id of ids) delete this.state[id];
  }
}

function shown(glance) {
  if (!glance?.content) return {};
  const { content_type, content } = glance;
  if (content_type.startsWith("image/")) return { picture: `data:${content_type};base64,${content}` };
  // What was cut off may end within a letter.
  return { text: new TextDecoder().decode(Uint8Array.from(atob(content), (one) => one.charCodeAt(0))).replace(/�$/, "") };
}
