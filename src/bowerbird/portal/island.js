// A Vue file of the portal in a page that NiceGUI makes: loaded by its path, given its data as properties.
import { defineAsyncComponent, h, markRaw } from "vue";

const views = new Map();

function view(src) {
  if (!views.has(src)) {
    const loader = () => import(`bowerbird/${src}`);
    views.set(src, markRaw(defineAsyncComponent({ loader, suspensible: false })));
  }
  return views.get(src);
}

export default {
  props: { src: String, data: Object },
  render() {
    return h(view(this.src), this.data, this.$slots);
  },
};
