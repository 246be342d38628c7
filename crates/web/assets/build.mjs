// Makes the pages' one style sheet, typeface and script: GOV.UK Frontend without the crown, the crest and the GDS
// Transport typeface (not ours to use), set in Atkinson Hyperlegible, with Haven's own rules after it.
// Run from anywhere with `npm run assets`, after `npm ci --ignore-scripts`. Writes crates/web/dist, which git ignores.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "..", "..", "node_modules");
const out = join(here, "..", "dist");
const typeface = "Atkinson Hyperlegible Next";
const weights = [400, 700];
const scripts = ["latin", "latin-ext"];
const ranges = {
  latin: "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
  "latin-ext": "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF",
};

/** Writes a file under a name that changes with its content, so that browsers may keep it for ever. */
function put(name, bytes) {
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}-${digest}${name.slice(dot)}`;
  writeFileSync(join(out, hashed), bytes);
  return hashed;
}

/** Removes what belongs to the government alone, and fails if any of it is left. */
function withoutCrown(css) {
  const own = css
    .replace(/\/\*![^*]*\*+([^/*][^*]*\*+)*\//g, "")
    .replace(/@font-face\{[^}]*\}/g, "")
    .replaceAll("GDS Transport,arial,sans-serif", `"${typeface}",system-ui,arial,sans-serif`)
    .replace(/[^{}]*(?:govuk-header|govuk-footer__copyright-logo|govuk-footer__crown|govuk-logo)[^{}]*\{[^{}]*\}/g, "");
  const left = /GDS Transport|crest|crown|@font-face|url\(/i.exec(own);
  if (left) throw new Error(`GOV.UK Frontend still holds "${left[0]}" after it was stripped: mend crates/web/assets/build.mjs.`);
  return own;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const faces = weights
  .flatMap((weight) =>
    scripts.map((script) => {
      const file = `atkinson-hyperlegible-next-${script}-${weight}-normal.woff2`;
      const name = put(file, readFileSync(join(modules, "@fontsource/atkinson-hyperlegible-next/files", file)));
      return `@font-face{font-family:"${typeface}";font-style:normal;font-weight:${weight};font-display:swap;src:url(/assets/${name}) format("woff2");unicode-range:${ranges[script]}}`;
    }),
  )
  .join("");
const govuk = withoutCrown(readFileSync(join(modules, "govuk-frontend/dist/govuk/govuk-frontend.min.css"), "utf8"));
const charset = '@charset "UTF-8";';
const css = put("haven.css", charset + faces + govuk.replace(charset, "") + readFileSync(join(here, "haven.css"), "utf8"));
const js = put("exit.js", readFileSync(join(here, "exit.js")));
const icon = put("haven.svg", readFileSync(join(here, "haven.svg")));
writeFileSync(join(out, "notices.txt"), readFileSync(join(here, "notices.txt")));
writeFileSync(join(out, "names.txt"), `HAVEN_CSS=${css}\nHAVEN_JS=${js}\nHAVEN_ICON=${icon}\n`);
console.log(`crates/web/dist holds ${readdirSync(out).length} files.`);
