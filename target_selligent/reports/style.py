"""The style of the page of a report: bright and dark, wide and narrow. Pure; no I/O."""

from __future__ import annotations

STYLE = """\
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --text: #1d2430; --quiet: #596273; --line: #dde1e8;
  --good: #18794e; --warn: #96590a; --bad: #b3261e;
  --calls: #2f6fde; --quota: #b7791f; --busy: #c2410c; --retry: #b3261e; --tap: #7c5cd6; --own: #2a8a72;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --card: #1b2028; --text: #e7eaf0; --quiet: #a2abba; --line: #333b48;
    --good: #5fd39b; --warn: #f0b35a; --bad: #ff8a80;
    --calls: #6ea3ff; --quota: #e8b04f; --busy: #ff9362; --retry: #ff8a80; --tap: #b39bff; --own: #5cc9ab;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 20px 16px 40px; }
header, section, .figures > div {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 18px;
}
header { border-left: 6px solid var(--good); }
header.rejects { border-left-color: var(--warn); }
header.stopped { border-left-color: var(--warn); }
header.failed { border-left-color: var(--bad); }
header p { margin: 4px 0 0; color: var(--quiet); }
header .reason { color: var(--text); overflow-wrap: anywhere; }
h1 { font-size: 22px; margin: 0; color: var(--good); }
.rejects h1, .stopped h1 { color: var(--warn); }
.failed h1 { color: var(--bad); }
h2 { font-size: 16px; margin: 0 0 10px; }
section { margin-top: 14px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 10px; margin: 14px 0 0; }
.figures > div { padding: 10px 14px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dt { color: var(--quiet); font-size: 13px; }
dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 14px 5px 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
td { overflow-wrap: break-word; min-width: 60px; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.quiet { color: var(--quiet); font-size: 13px; }
section > .quiet { margin: 8px 0 0; }
.shares { display: block; border-radius: 5px; margin-bottom: 8px; background: var(--line); }
i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; background: currentColor; }
.calls { color: var(--calls); } .quota { color: var(--quota); } .busy_lists { color: var(--busy); }
.retries { color: var(--retry); } .tap { color: var(--tap); } .own_work { color: var(--own); }
i.read { color: var(--tap); } i.acknowledged { color: var(--calls); } i.rejected { color: var(--bad); }
rect { fill: currentColor; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 6px; padding: 0; }
.legend { list-style: none; font-size: 13px; }
.chart { display: grid; grid-template-columns: 1fr 1fr; font-size: 13px; color: var(--quiet); }
.chart .top, .curves { grid-column: 1 / -1; }
.chart .to { text-align: right; }
.curves { width: 100%; height: 200px; display: block; overflow: visible; }
.curves line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
polyline { fill: none; stroke-width: 2.5; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
polyline.read { stroke: var(--tap); stroke-dasharray: 6 4; }
polyline.acknowledged { stroke: var(--calls); }
polyline.rejected { stroke: var(--bad); }
summary { font-size: 16px; font-weight: 600; cursor: pointer; }
details .wide { margin-top: 10px; }
footer { margin-top: 16px; color: var(--quiet); font-size: 13px; overflow-wrap: anywhere; }
@media (max-width: 520px) {
  main { padding: 12px 10px 30px; }
  header, section { padding: 12px; }
  .figures { grid-template-columns: 1fr 1fr; }
  thead:has(~ tbody [data-head]) { display: none; }
  tr:has([data-head]) { display: block; padding: 6px 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  [data-head] { display: grid; grid-template-columns: 38% 1fr; border: 0; padding: 2px 0; white-space: normal; }
  [data-head] { text-align: left; overflow-wrap: anywhere; }
  [data-head]::before { content: attr(data-head); color: var(--quiet); }
}
"""
