// The signs of the modes, as paths in a box of 20.
export const ICONS = {
  overview: "M3 9.5 10 4l7 5.5M5 8.5V16h10V8.5M8.5 16v-4h3v4",
  collectors: "M3 4h14l-5.2 6.4V16l-3.6-2v-3.6z",
  explorer: "M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z",
  label: "M3.5 3.5h6.5l6.5 6.5-6.5 6.5L3.5 10zM7 7h.01",
  concepts: "M10 3.5a2 2 0 1 0 .01 0M4.5 12.5a2 2 0 1 0 .01 0M15.5 12.5a2 2 0 1 0 .01 0M9 7.3l-3.4 5.4M11 7.3l3.4 5.4M6.5 14.5h7",
  models: "M10 2.8 16.5 6.4v7.2L10 17.2l-6.5-3.6V6.4zM3.8 6.6 10 10l6.2-3.4M10 10v7",
  workflows: "M3 4h5v4H3zM12 4h5v4h-5zM7.5 12.5h5v4h-5zM8 6h4M10 6v6.5",
  settings: "M4 6h7M15 6h1M4 14h1M9 14h7M13 4.2a1.8 1.8 0 1 0 .01 0M7 12.2a1.8 1.8 0 1 0 .01 0",
};
