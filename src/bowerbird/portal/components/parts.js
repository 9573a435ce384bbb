// The parts that all pages share: `import { Empty, Wrong } from "bowerbird/parts.js"`.
export { default as Ago } from "bowerbird/parts/ago.vue";
export { default as Badge } from "bowerbird/parts/badge.vue";
export { default as Chips } from "bowerbird/parts/chips.vue";
export { default as Drawer } from "bowerbird/parts/drawer.vue";
export { default as Empty } from "bowerbird/parts/empty.vue";
export { default as Keyed } from "bowerbird/parts/keyed.vue";
export { default as Num } from "bowerbird/parts/number.vue";
export { default as Wrong } from "bowerbird/parts/wrong.vue";
