// ONNX files in the browser: what they take and give, read off them, and the zip in which they are uploaded.
const TYPES = { 1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 8: "object", 9: "bool", 10: "float16", 11: "float64" };
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5]; // wire types of protocol buffers
const text = new TextDecoder();

// The fields of a message: [number, value], where a value is a number or the bytes; weights are skipped, not copied.
function* fieldsOf(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1;
    for (;;) {
      if (at >= bytes.length) throw new Error("it ends too early");
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint(), wire = tag & 7, number = Math.floor(tag / 8);
    if (wire === VARINT) yield [number, varint()];
    else if (wire === FIXED64 || wire === FIXED32) at += wire === FIXED64 ? 8 : 4;
    else if (wire === BYTES) {
      const size = varint();
      if (at + size > bytes.length) throw new Error("it ends too early");
      yield [number, bytes.subarray(at, (at += size))];
    } else throw new Error("it is something else");
  }
}

const parts = (bytes, wanted) => [...fieldsOf(bytes)].filter(([number]) => number === wanted).map(([, value]) => value);
const part = (bytes, wanted) => (bytes ? parts(bytes, wanted)[0] : undefined);

// Numbers are those of onnx.proto: ValueInfoProto name 1, type 2; TypeProto tensor_type 1; Tensor elem_type 1, shape 2.
function tensorOf(value) {
  const tensor = part(part(value, 2), 1);
  const shape = part(tensor, 2);
  const sides = (shape ? parts(shape, 1) : []).map((side) => part(side, 1) ?? null);
  return { name: text.decode(part(value, 1)), dtype: TYPES[part(tensor, 1)] ?? "", shape: sides };
}

// { inputs, outputs }, each of { name, dtype, shape with null for any }. Throws an Error in words.
export function signatureOf(buffer) {
  try {
    const graph = part(new Uint8Array(buffer), 7); // ModelProto.graph; its parts: initializer 5, input 11, output 12
    const weights = new Set(parts(graph, 5).map((one) => text.decode(part(one, 8) ?? new Uint8Array())));
    const inputs = parts(graph, 11).map(tensorOf).filter((one) => !weights.has(one.name));
    if (!inputs.length) throw new Error("it takes nothing");
    return { inputs, outputs: parts(graph, 12).map(tensorOf) };
  } catch (error) {
    throw new Error(`This is no ONNX model that can be read: ${error.message}.`);
  }
}

// What can be read off a tensor: the kind of input, and of an image its size, channels and layout.
export function guess({ dtype, shape }) {
  if (dtype === "object") return { kind: "text" };
  if (shape.length !== 4) return { kind: "tensor", layout: "flat", shape: shape.slice(1) };
  const isLast = [1, 3].includes(shape[3]) && ![1, 3].includes(shape[1]);
  const [channels, height, width] = isLast ? [shape[3], shape[1], shape[2]] : shape.slice(1);
  return { kind: "image", layout: isLast ? "NHWC" : "NCHW", channels: channels ?? 3, width, height };
}

const CRC = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// A zip without compression of { name: bytes }.
export function zip(files) {
  const made = [], central = [];
  let at = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const title = new TextEncoder().encode(name), crc = crc32(bytes);
    const local = header(0x04034b50, [[20, 2], [0, 2], [0, 2], [0, 2], [33, 2], [crc, 4], [bytes.length, 4], [bytes.length, 4], [title.length, 2], [0, 2]]);
    central.push(header(0x02014b50, [[20, 2], [20, 2], [0, 2], [0, 2], [0, 2], [33, 2], [crc, 4], [bytes.length, 4], [bytes.length, 4], [title.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]), title);
    made.push(local, title, bytes);
    at += local.length + title.length + bytes.length;
  }
  const size = central.reduce((sum, one) => sum + one.length, 0), count = Object.keys(files).length;
  return new Blob([...made, ...central, header(0x06054b50, [[0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [at, 4], [0, 2]])]);
}

function header(magic, values) {
  const all = [[magic, 4], ...values];
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of all) {
    view[size === 4 ? "setUint32" : "setUint16"](at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

// `data:application/zip;base64,…`, which is how the API takes a file.
export const dataUrl = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(`data:application/zip;base64,${reader.result.slice(reader.result.indexOf(",") + 1)}`);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});
