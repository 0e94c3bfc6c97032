#include "normlab/report/page_style.h"

namespace normlab {

// Colours follow the reader's setting; in the dark, figures are turned from dark-on-light to
// light-on-dark with their hues kept. Printed, a figure or table stays on one page.
const char* const kPageStyle = R"css(
:root {
  color-scheme: light dark;
  --ground: #ffffff; --card: #f6f7f9; --ink: #1d2430; --quiet: #5d6878; --rule: #dfe3e8;
  --accent: #0067a3; --good: #00764f; --bad: #b3400a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #141414; --card: #1e2023; --ink: #e4e8ee; --quiet: #98a2b1; --rule: #333a45;
    --accent: #6cb8ec; --good: #4cc79a; --bad: #f08a55;
  }
  figure img.drawn { filter: invert(0.92) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 1.02rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
    sans-serif;
}
main { max-width: 74rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 3rem 0 0.8rem; letter-spacing: -0.01em; }
h3 { font-size: 1.1rem; margin: 2rem 0 0.6rem; overflow-wrap: anywhere; }
p { max-width: 46rem; margin: 0.6rem 0; }
.lead { color: var(--quiet); margin-top: 0.35rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.94rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.45rem 0.55rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--quiet); font-weight: 600; font-size: 0.84rem; vertical-align: bottom; }
.number { text-align: right; }
th:first-child, td:first-child { padding-left: 0; }
.results td, .results th, .compared td { white-space: nowrap; }
.results td:first-child { font-weight: 650; }
.results td:nth-child(2) { font-weight: 650; color: var(--accent); }
.plain td:first-child { color: var(--quiet); white-space: nowrap; width: 1%; }
.plain td { overflow-wrap: anywhere; }
.plain thead { display: none; }
.note { background: var(--card); border-left: 4px solid var(--accent); border-radius: 0.3rem; padding: 0.7rem 1.2rem; margin: 1.2rem 0; }
.note p { max-width: 56rem; }
.trouble { border-left-color: var(--bad); }
figure { margin: 1.2rem 0; }
figure img { display: block; width: 100%; height: auto; }
figure.square { max-width: 46rem; }
figcaption { color: var(--quiet); font-size: 0.9rem; margin-top: 0.4rem; max-width: 46rem; }
pre {
  background: var(--card); border-radius: 0.4rem; padding: 1rem 1.2rem; overflow-x: auto; margin: 0.8rem 0;
  font: 0.84rem/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
details { border-top: 1px solid var(--rule); padding: 0.7rem 0; }
details:last-of-type { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; font-weight: 600; }
nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin-top: 1rem; font-size: 0.94rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
footer { color: var(--quiet); font-size: 0.88rem; margin-top: 3rem; }
@media (max-width: 40rem) {
  main { padding: 1.4rem 0.9rem 3rem; }
  h1 { font-size: 1.6rem; }
  figure.broad { overflow-x: auto; }
  figure.broad img { min-width: 38rem; }
}
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  h2, h3 { break-after: avoid; }
  figure, tr, .note { break-inside: avoid; }
  pre { white-space: pre-wrap; }
}
)css";

}  // namespace normlab
