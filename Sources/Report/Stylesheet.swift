/// The look of the page, in light and dark. No font, image or script is loaded from anywhere.
enum Stylesheet {
  static let source: StaticString = """
    :root { color-scheme: light dark;
      --page: #f6f4f0; --sheet: #fffefb; --ink: #1e2026; --quiet: #62656f; --rule: #dedad2; --grid: #ece8e0;
      --accent: #a8432b; --good: #23744f; --bad: #a8432b;
      --s0: #2c6aa8; --s1: #c27a12; --s2: #1e8a75; --s3: #8557ab; --s4: #7d828c; --s5: #b0446f; }
    @media (prefers-color-scheme: dark) { :root {
      --page: #14161a; --sheet: #1c1f25; --ink: #e9e6e0; --quiet: #a0a5b0; --rule: #343943; --grid: #292d35;
      --accent: #f08a68; --good: #6cc79b; --bad: #f08a68;
      --s0: #6aa9e6; --s1: #e3a648; --s2: #55c4ac; --s3: #b792dc; --s4: #9aa0ab; --s5: #e57fa6; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink);
      font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans",
      Arial, sans-serif;
      font-variant-numeric: tabular-nums; }
    main { max-width: 1148px; margin: 0 auto; padding: 40px 20px 64px; }
    header { border-top: 5px solid var(--accent); padding-top: 18px; margin-bottom: 28px; }
    .eyebrow { margin: 0; color: var(--accent); font-weight: 650; letter-spacing: .08em; font-size: 12px;
      text-transform: uppercase; }
    h1 { font-size: 34px; line-height: 1.15; margin: 4px 0 18px; letter-spacing: -.015em;
      overflow-wrap: anywhere; }
    h2 { font-size: 20px; margin: 0 0 4px; letter-spacing: -.01em; }
    h3 { font-size: 15px; margin: 0 0 6px; }
    p.lead { margin: 0 0 14px; color: var(--quiet); max-width: 105ch; }
    section { background: var(--sheet); border: 1px solid var(--rule); border-radius: 12px;
      padding: 22px 24px 20px;
      margin: 18px 0; break-inside: avoid; }
    dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(215px, 1fr)); gap: 10px 24px;
      margin: 0; }
    dl.facts div { min-width: 0; }
    dt { color: var(--quiet); font-size: 12.5px; } dd { margin: 0; overflow-wrap: anywhere; }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(255px, 1fr)); gap: 16px;
      margin: 18px 0; }
    .card { background: var(--sheet); border: 1px solid var(--rule); border-radius: 12px;
      padding: 18px 20px 16px; }
    .card .budget { color: var(--quiet); font-size: 13px; }
    .card .big { font-size: 38px; font-weight: 680; line-height: 1.15; letter-spacing: -.02em; }
    .card .big small { font-size: 14px; font-weight: 400; letter-spacing: 0; color: var(--quiet); }
    .card p { margin: 2px 0; }
    .meter { height: 7px; border-radius: 4px; background: var(--grid); margin: 8px 0 4px; overflow: hidden;
      }
    .meter span { display: block; height: 100%; border-radius: 4px; background: var(--accent); }
    .card ul { list-style: none; margin: 12px 0 0; padding: 10px 0 0; border-top: 1px solid var(--rule); }
    .card li { display: flex; justify-content: space-between; gap: 12px; }
    .good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
    .quiet { color: var(--quiet); } .small { font-size: 13px; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr));
      gap: 18px; }
    .pair section { margin: 0; } .pairs { margin: 18px 0; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; margin: 6px 0 2px; font-size: 13.5px; }
    td:first-child, td:nth-child(2) { white-space: nowrap; }
    th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--quiet);
      border-bottom: 1.5px solid var(--rule);
      padding: 6px 14px 6px 0; vertical-align: bottom; }
    td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
    tr:last-child td { border-bottom: 0; } tr.winner td { font-weight: 640; }
    tbody + tbody tr:first-child td { border-top: 1.5px solid var(--rule); }
    th.n, td.n { text-align: right; white-space: nowrap; } td.wide { width: 45%; }
    code { font: 12.5px/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
      overflow-wrap: anywhere; }
    svg { display: block; width: 100%; height: auto; }
    svg text { font-family: inherit; fill: var(--ink); }
    .tick { font-size: 12px; fill: var(--quiet) !important; } .axis-title { font-size: 13px;
      fill: var(--quiet) !important; }
    .grid { stroke: var(--grid); stroke-width: 1; } .axis { stroke: var(--quiet); stroke-width: 1; }
    .dot { stroke: var(--sheet); stroke-width: .8; }
    .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
      .s4 { --c: var(--s4); }
    .s5 { --c: var(--s5); } .dot { fill: var(--c); fill-opacity: .85; } .curve { stroke: var(--c); }
    .front { fill: none; stroke: var(--ink); stroke-width: 1.4; stroke-opacity: .55; }
    .budget-line { stroke: var(--accent); stroke-width: 1.4; stroke-dasharray: 5 4; }
    .budget-label { font-size: 12.5px; font-weight: 600; fill: var(--accent) !important; }
    .winner-ring { fill: none; stroke: var(--accent); stroke-width: 2.2; }
    .winner-label { font-size: 13px; font-weight: 680; paint-order: stroke; stroke: var(--sheet);
      stroke-width: 4px;
      stroke-linejoin: round; }
    .band-10 { fill: var(--s0); fill-opacity: .13; } .band-5 { fill: var(--s0); fill-opacity: .24; }
    .diagonal { fill: none; stroke: var(--quiet); stroke-width: 1; }
    .block { stroke: var(--c); stroke-width: 1.2; fill: var(--c); }
    .k0 { --c: var(--s0); } .k1 { --c: var(--s1); } .k2 { --c: var(--s2); } .k3 { --c: var(--s3); }
      .k4 { --c: var(--s4); }
    .k5 { --c: var(--s5); }
    .block-name { font-size: 12px; font-weight: 650; } .block-line { font-size: 11.5px; }
    .stage-label { font-size: 12px; font-weight: 600; } .stride { font-size: 11px;
      fill: var(--accent) !important; }
    .architecture { margin: 8px 0 2px; } figure { margin: 18px 0 0; } figcaption { margin: 0; }
    ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 8px 0 0;
      padding: 0; font-size: 13px; }
    ul.legend li { display: flex; align-items: center; gap: 7px; }
    ul.legend .key { width: 22px; height: 14px; flex: none; } .swatch { border-radius: 4px; }
    ul.numbers { list-style: none; display: grid;
      grid-template-columns: repeat(auto-fit, minmax(66px, 1fr)); gap: 6px 10px;
      margin: 12px 0 0; padding: 0; line-height: 1.25; }
    ul.numbers b { font-size: 16px; display: block; line-height: 1.25; }
    .bar { display: block; height: 9px; border-radius: 5px; background: var(--s0); min-width: 2px;
      margin-top: 7px; }
    footer { color: var(--quiet); font-size: 13px; margin-top: 26px; }
    @media (max-width: 640px) { section { overflow-x: auto; } svg[viewBox^="0 0 1060"] { min-width: 820px; }
      main { padding: 22px 10px 40px; } section { padding: 16px 14px; } h1 { font-size: 26px; } }
    @media print { body { background: none; } section, .card { border-color: #bbb; } }
    """
}
