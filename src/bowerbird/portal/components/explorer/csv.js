// Inputs from a table: columns url or text, id, concepts, not_concepts; every other column is metadata.
import { scalar } from "bowerbird/explorer/filters.js";
import { idOf } from "bowerbird/explorer/concepts.js";

const OWN = ["url", "text", "kind", "id", "concepts", "not_concepts"];

// Rows of fields, with quotes as RFC 4180 has them.
export function parseCsv(text) {
  const rows = [[]];
  let field = "", isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isQuoted && letter === '"' && text[at + 1] === '"') field += text[++at];
    else if (letter === '"' && (isQuoted || field === "")) isQuoted = !isQuoted;
    else if (!isQuoted && (letter === "," || letter === "\n")) {
      rows.at(-1).push(field);
      field = "";
      if (letter === "\n") rows.push([]);
    } else if (isQuoted || letter !== "\r") field += letter;
  }
  rows.at(-1).push(field);
  return rows.filter((row) => row.some((value) => value !== ""));
}

// The rows of an upload. Raises what is wrong with the table, in words.
export function rowsOf(text) {
  const [head = [], ...lines] = parseCsv(text.replace(/^﻿/, ""));
  const names = head.map((name) => name.trim());
  if (!names.includes("url") && !names.includes("text")) throw new Error(`The first line names no column "url" or "text"; it names: ${names.join(", ") || "nothing"}.`);
  return lines.map((line, n) => rowOf(Object.fromEntries(names.map((name, at) => [name, line[at] ?? ""])), n + 2));
}

function rowOf(line, number) {
  const concepts = [...said(line.concepts, 1), ...said(line.not_concepts, 0)];
  const metadata = Object.fromEntries(Object.entries(line).filter(([name, value]) => name && !OWN.includes(name) && value !== "").map(([name, value]) => [name, scalar(value)]));
  const medium = line.url ? { [line.kind || "image"]: { url: line.url } } : { text: { raw: line.text } };
  const input = { ...(line.id ? { id: line.id } : {}), data: { ...medium, ...(concepts.length ? { concepts } : {}), metadata } };
  return { name: `line ${number}: ${(line.url || line.text).slice(0, 80)}`, input };
}

const said = (text = "", value) => text.split(/[|;]/).map((one) => one.trim()).filter(Boolean).map((name) => ({ id: idOf(name), name, value }));
