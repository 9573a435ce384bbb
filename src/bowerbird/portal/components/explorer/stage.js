// Where a picture lies in its frame, zoomed and moved; and boxes on it, in shares of its sides.
const FURTHEST = 40, NEAREST = 0.05;
const GRIP = 7; // pixels around a corner or an edge that take hold of it

const within = (value, low, high) => Math.min(high, Math.max(low, value));

export class Stage {
  width = 1;
  height = 1;
  wide = 1;
  high = 1;
  scale = 1;
  x = 0;
  y = 0;

  frame(width, height) {
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height) });
  }

  fit() {
    this.scale = within(Math.min(this.width / this.wide, this.height / this.high), NEAREST, FURTHEST);
    this.centre();
  }

  full() {
    this.scale = 1;
    this.centre();
  }

  centre() {
    this.x = (this.width - this.wide * this.scale) / 2;
    this.y = (this.height - this.high * this.scale) / 2;
  }

  zoom(factor, atX = this.width / 2, atY = this.height / 2) {
    const scale = within(this.scale * factor, NEAREST, FURTHEST);
    this.x = atX - ((atX - this.x) * scale) / this.scale;
    this.y = atY - ((atY - this.y) * scale) / this.scale;
    this.scale = scale;
  }

  pan(byX, byY) {
    this.x += byX;
    this.y += byY;
  }

  to({ top, left, bottom, right }) {
    const wide = Math.max(0.01, right - left) * this.wide, high = Math.max(0.01, bottom - top) * this.high;
    this.scale = within(Math.min(this.width / wide, this.height / high) * 0.7, NEAREST, FURTHEST);
    this.x = this.width / 2 - ((left + right) / 2) * this.wide * this.scale;
    this.y = this.height / 2 - ((top + bottom) / 2) * this.high * this.scale;
  }

  // The share of the picture's sides at a place of the frame, within the picture.
  share(x, y) {
    return [within((x - this.x) / (this.wide * this.scale), 0, 1), within((y - this.y) / (this.high * this.scale), 0, 1)];
  }

  rect({ top, left, bottom, right }) {
    const wide = this.wide * this.scale, high = this.high * this.scale;
    return [this.x + left * wide, this.y + top * high, (right - left) * wide, (bottom - top) * high];
  }

  // What of a box is at a place: "move", a corner or an edge such as "tl" or "r", or nothing.
  part(box, x, y) {
    const [left, top, wide, high] = this.rect(box);
    if (x < left - GRIP || y < top - GRIP || x > left + wide + GRIP || y > top + high + GRIP) return "";
    const vertical = Math.abs(y - top) <= GRIP ? "t" : Math.abs(y - top - high) <= GRIP ? "b" : "";
    const horizontal = Math.abs(x - left) <= GRIP ? "l" : Math.abs(x - left - wide) <= GRIP ? "r" : "";
    return vertical + horizontal || "move";
  }
}

export const boxBetween = ([x1, y1], [x2, y2]) => ({ left: Math.min(x1, x2), right: Math.max(x1, x2), top: Math.min(y1, y2), bottom: Math.max(y1, y2) });

export function moved(box, byX, byY) {
  const x = within(byX, -box.left, 1 - box.right), y = within(byY, -box.top, 1 - box.bottom);
  return { left: box.left + x, right: box.right + x, top: box.top + y, bottom: box.bottom + y };
}

export function sized(box, part, byX, byY) {
  const made = { ...box };
  if (part.includes("l")) made.left += byX;
  if (part.includes("r")) made.right += byX;
  if (part.includes("t")) made.top += byY;
  if (part.includes("b")) made.bottom += byY;
  return boxBetween([within(made.left, 0, 1), within(made.top, 0, 1)], [within(made.right, 0, 1), within(made.bottom, 0, 1)]);
}

// Boxes of the API, and back.
export const boxOf = (region) => {
  const { top_row = 0, left_col = 0, bottom_row = 0, right_col = 0 } = region.region_info?.bounding_box ?? {};
  return { top: top_row, left: left_col, bottom: bottom_row, right: right_col };
};
export const regionWith = ({ top, left, bottom, right }, concepts) => ({ region_info: { bounding_box: { top_row: top, left_col: left, bottom_row: bottom, right_col: right } }, data: { concepts } });

// Paints shapes: [{ id, box, text, colour, isDotted }]; the selected one with grips, each with its words.
export function paint(canvas, stage, shapes, { selected = "", draft = null, cross = null } = {}) {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(stage.width * ratio)) canvas.width = Math.round(stage.width * ratio);
  if (canvas.height !== Math.round(stage.height * ratio)) canvas.height = Math.round(stage.height * ratio);
  const brush = canvas.getContext("2d");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, stage.width, stage.height);
  for (const shape of shapes) if (shape.id !== selected) outline(brush, stage, shape, false);
  const chosen = shapes.find((shape) => shape.id === selected);
  if (chosen) outline(brush, stage, chosen, true);
  if (draft) outline(brush, stage, { box: draft, colour: "#ffffff", text: "", isDotted: true }, false);
  if (cross) lines(brush, stage, cross);
}

function outline(brush, stage, { box, colour, text, isDotted }, isSelected) {
  const [x, y, wide, high] = stage.rect(box);
  if (x > stage.width || y > stage.height || x + wide < 0 || y + high < 0) return;
  brush.setLineDash([]);
  brush.strokeStyle = "rgb(0 0 0 / 55%)";
  brush.lineWidth = isSelected ? 5 : 4;
  brush.strokeRect(x, y, wide, high);
  brush.setLineDash(isDotted ? [5, 4] : []);
  brush.strokeStyle = colour;
  brush.lineWidth = isSelected ? 3 : 2;
  brush.strokeRect(x, y, wide, high);
  brush.setLineDash([]);
  if (isSelected) grips(brush, x, y, wide, high, colour);
  if (text) words(brush, x, y, text, colour);
}

function grips(brush, x, y, wide, high, colour) {
  brush.fillStyle = "#ffffff";
  brush.strokeStyle = colour;
  brush.lineWidth = 2;
  for (const [atX, atY] of [[x, y], [x + wide, y], [x, y + high], [x + wide, y + high]]) {
    brush.fillRect(atX - 4, atY - 4, 8, 8);
    brush.strokeRect(atX - 4, atY - 4, 8, 8);
  }
}

function words(brush, x, y, text, colour) {
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  brush.font = "600 12px system-ui, sans-serif";
  const wide = brush.measureText(shown).width + 10, top = Math.max(0, y - 19);
  brush.fillStyle = "rgb(0 0 0 / 78%)";
  brush.fillRect(x, top, wide, 18);
  brush.fillStyle = colour;
  brush.fillRect(x, top, 3, 18);
  brush.fillStyle = "#ffffff";
  brush.fillText(shown, x + 6, top + 13);
}

function lines(brush, stage, [x, y]) {
  for (const [colour, width] of [["rgb(0 0 0 / 60%)", 3], ["rgb(255 255 255 / 85%)", 1]]) {
    brush.strokeStyle = colour;
    brush.lineWidth = width;
    brush.beginPath();
    brush.moveTo(x, 0);
    brush.lineTo(x, stage.height);
    brush.moveTo(0, y);
    brush.lineTo(stage.width, y);
    brush.stroke();
  }
}
