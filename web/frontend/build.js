// Copies the files that pages need, each with its licence, into web/static/build.
import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const from = join(here, "node_modules");
const to = join(here, "..", "static", "build");
const font = "@fontsource-variable/plus-jakarta-sans";

const files = {
  "leaflet/dist/leaflet.js": "leaflet.js",
  "leaflet/dist/leaflet.css": "leaflet.css",
  "leaflet/LICENSE": "licences/leaflet.txt",
  "uplot/dist/uPlot.iife.min.js": "uplot.js",
  "uplot/dist/uPlot.min.css": "uplot.css",
  "uplot/LICENSE": "licences/uplot.txt",
  "htmx.org/dist/htmx.min.js": "htmx.js",
  "htmx.org/LICENSE": "licences/htmx.txt",
  [`${font}/files/plus-jakarta-sans-latin-wght-normal.woff2`]: "plus-jakarta-sans.woff2",
  [`${font}/LICENSE`]: "licences/plus-jakarta-sans.txt",
};

await rm(to, { recursive: true, force: true });
for (const [source, target] of Object.entries(files)) {
  await mkdir(dirname(join(to, target)), { recursive: true });
  await cp(join(from, source), join(to, target));
}
