"""How the page of a handshake looks: light, dark, narrow and on paper.

A constant. It must not load anything: no fonts, no images, no imports.
"""

from typing import Final

__all__ = ["STYLE"]

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #fff; --ink: #1d2126; --soft: #5b6570; --line: #d5d9de;
  --lane: #8b96a2; --arrow: #1f5fa8; --good: #14703b; --good-back: #e3f4e8;
  --bad: #b3261e; --bad-back: #fde9e7; --code: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2024; --ink: #e6e9ec; --soft: #9aa5b0; --line: #343b43;
    --lane: #66727e; --arrow: #7db4f0; --good: #7fd6a0; --good-back: #16301f;
    --bad: #ff9a92; --bad-back: #3a1b19; --code: #272d33;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
body { margin: 0; background: var(--paper); color: var(--ink); }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; line-height: 1.25; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0 0 .4rem; }
p { margin: .4rem 0; max-width: 46rem; }
bdi, code, pre, .mono { overflow-wrap: anywhere; }
code, pre, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; font-size: .875em; }
code { background: var(--code); border-radius: .25rem; padding: .05rem .3rem; }
.soft { color: var(--soft); }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 1rem;
  padding: .05rem .7rem; font-size: 1rem; font-weight: 600; vertical-align: .12em; }
.good { color: var(--good); } .bad { color: var(--bad); }
.badge.good { background: var(--good-back); } .badge.bad { background: var(--bad-back); }
.lead { font-size: 1.05rem; }

.diagram { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem .75rem; }
.heads { display: flex; justify-content: space-between; gap: 1rem; margin: 0 4.25rem; }
.heads div { max-width: 48%; } .heads div:last-child { text-align: right; }
.heads strong, .heads span { display: block; }
.lanes { list-style: none; margin: .5rem 0 0; padding: 0; }
.lanes li { display: grid; grid-template-columns: 3.75rem minmax(0, 1fr) 3.75rem; gap: .5rem;
  break-inside: avoid; }
.lanes .time { align-self: end; font-variant-numeric: tabular-nums; font-size: .8rem;
  line-height: 1; color: var(--soft); text-align: right; margin-bottom: .1rem; }
.lanes .time.host { text-align: left; }
.lanes .between { border: solid var(--lane); border-width: 0 2px; padding: .45rem 0 .5rem; }
.lanes .words { padding: 0 .9rem .1rem; font-size: .92rem; line-height: 1.3; }
.lanes .host-sent .words { text-align: right; }
.lanes .words .soft { font-size: .85rem; }
.lanes .line { position: relative; border-top: 2px solid var(--arrow); margin: .15rem 0 0; }
.lanes .line::after { content: ""; position: absolute; top: -6px; border: 5px solid transparent; }
.lanes .client-sent .line::after { right: 0; border-left: 9px solid var(--arrow);
  border-right: 0; }
.lanes .host-sent .line::after { left: 0; border-right: 9px solid var(--arrow);
  border-left: 0; }
.lanes .alert .line { border-color: var(--bad); }
.lanes .alert.client-sent .line::after { border-left-color: var(--bad); }
.lanes .alert.host-sent .line::after { border-right-color: var(--bad); }
.lanes .alert .words strong { color: var(--bad); }
.lanes .lost .line { border-top-style: dashed; width: 62%; }
.lanes .lost.host-sent .line { margin-left: 38%; }
.lanes .lost .line::after { content: "\\2715 not read"; border: 0 !important; top: -.85em;
  font-size: .85rem; line-height: 1.6; color: var(--bad); white-space: nowrap; }
.lanes .lost.client-sent .line::after { right: auto; left: calc(100% + .3rem); }
.lanes .lost.host-sent .line::after { left: auto; right: calc(100% + .3rem); }
.lanes .remark { text-align: center; font-size: .85rem; color: var(--soft);
  padding: .3rem .5rem; }
.ending { margin: .6rem 4.25rem 0; font-weight: 600; max-width: none; }

.cards { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .9rem 1rem; break-inside: avoid; }
.card p { margin: 0 0 .5rem; font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr);
  gap: .2rem .9rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem .45rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; }
th:first-child { width: 20%; }
td ul { list-style: none; margin: 0; padding: 0; columns: 13rem; }
td li { break-inside: avoid; }
li.taken { font-weight: 700; } li.taken::before { content: "\\2713\\00a0"; color: var(--good); }
.scroll { overflow-x: auto; }
details { margin-top: 2rem; } summary { cursor: pointer; color: var(--soft); }
pre { background: var(--code); border-radius: .5rem; padding: .8rem; white-space: pre-wrap; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .75rem;
  font-size: .875rem; color: var(--soft); }

@media (max-width: 40rem) {
  main { padding: 1rem .75rem 2rem; }
  .diagram { padding: .75rem .4rem; }
  .lanes li { grid-template-columns: 2.4rem minmax(0, 1fr) 2.4rem; gap: .25rem; }
  .heads, .ending { margin-left: 2.65rem; margin-right: 2.65rem; }
  .lanes .words .soft { display: block; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .35rem; }
  table { font-size: .85rem; } th:first-child { width: 27%; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --lane: #555;
    --arrow: #123f73; --good: #0b4d27; --bad: #8a1a13; --code: #fff; --good-back: #fff;
    --bad-back: #fff; }
  html { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  h2 { break-after: avoid; } details:not([open]) { display: none; }
}
"""
