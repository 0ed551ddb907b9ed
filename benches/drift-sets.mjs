// Compares the string fields of a schema with the bullets of a contract, and does nothing else: what the check is
// measured beside. node drift-sets.mjs SCHEMA CONTRACT
import { readFileSync } from 'node:fs';

const [schema, contract] = process.argv.slice(2).map((path) => readFileSync(path, 'utf8'));

const declared = new Map();
const walk = (attributes, prefix, paths) => {
  for (const [name, { value }] of Object.entries(attributes ?? {})) {
    const path = prefix ? `${prefix}.${name}` : name;
    if (value.type === 'string') paths.add(path);
    if (value.type === 'object') walk(value.attributes, path, paths);
    if (value.type === 'array' && value.of.type === 'object') walk(value.of.attributes, `${path}[]`, paths);
  }
};
for (const type of JSON.parse(schema)) {
  const paths = new Set();
  walk(type.attributes ?? type.value?.attributes, '', paths);
  declared.set(type.name, paths);
}

const listed = new Map();
let current;
for (const line of contract.split('\n')) {
  const heading = line.match(/^### `([^`]+)`/);
  if (heading) listed.set(heading[1], (current = new Set()));
  else if (line.startsWith('## ')) current = undefined;
  const bullet = line.match(/^- `([^`]+)`/);
  if (bullet && current) current.add(bullet[1]);
}

let [added, removed] = [0, 0];
for (const [type, paths] of declared) {
  const known = listed.get(type) ?? new Set();
  added += [...paths].filter((path) => !known.has(path)).length;
  removed += [...known].filter((path) => !paths.has(path)).length;
}
console.log(JSON.stringify({ added, removed }));
