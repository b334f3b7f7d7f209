#!/usr/bin/env python3
"""Block selection on its own: whole fronts, and how the cost grows with groups, choices and budgets.

    selection_scaling.py QUOIN [--out DIR] [--work DIR] [--limit 30]

Instances are those of selection.py, at budgets of 50 %. Seconds are those of the solve; a front is timed as a whole command,
all of it. Every answer is kept in WORK at once, so that the same command goes on where it stopped. DIR gets
scaling.json and scaling.md.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path

import selection

POINTS = 100
KINDS = ["noisy", "correlated"]
GROUPS = [16, 32, 64, 128, 256, 512]
CHOICES = [16, 54, 216, 1000, 2000]
BUDGETS = [1, 2, 3, 4, 6, 8]
# One of groups, choices and budgets is varied at a time; then all are large.
SIZES = sorted({(g, 54, 3) for g in GROUPS} | {(64, c, 3) for c in CHOICES} | {(64, 54, b) for b in BUDGETS}
               | {(512, 2000, b) for b in (1, 2, 4)})


def select(options, name, arguments, build):
    """The answer of a command, from WORK where it is known."""
    kept = options.work / f"{name}.scaling.json"
    if not kept.exists():
        path = options.work / f"{name}.json"
        if not path.exists():
            selection.write(path, *build())
        start = time.perf_counter()
        run = subprocess.run([options.quoin, "select", str(path), "--json", *arguments],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        answer = json.loads(run.stdout)
        answer["command_seconds"] = time.perf_counter() - start
        path.unlink()
        kept.with_suffix(".tmp").write_text(json.dumps(answer))
        kept.with_suffix(".tmp").rename(kept)
    return json.loads(kept.read_text())


def front(options, kind, points):
    name = f"front-80x54-3-{kind}-50-{points}"
    answer = select(options, name, ["--sweep", f"b0={points}", "--time-limit", "60"],
                    lambda: selection.instance(80, 54, 3, kind, 50))
    seconds = [point["solve_seconds"] for point in answer["points"]]
    return {"kind": kind, "points": len(seconds), "proved": sum(p["stopped"] == "proved" for p in answer["points"]),
            "command_seconds": answer["command_seconds"], "largest": max(seconds), "median": sorted(seconds)[len(seconds) // 2],
            "distinct": len({json.dumps(p["choices"], sort_keys=True) for p in answer["points"]})}


def size(options, groups, choices, budgets, kind):
    name = f"scaling-{groups}x{choices}-{budgets}-{kind}"
    answer = select(options, name, ["--time-limit", str(options.limit)],
                    lambda: selection.instance(groups, choices, budgets, kind, 50))
    return {"groups": groups, "choices": choices, "budgets": budgets, "kind": kind, "seconds": answer["solve_seconds"],
            "proved": answer["stopped"] == "proved", "gap": answer["gap"], "after": answer["presolve"]["choices_after"],
            "command_seconds": answer["command_seconds"]}


def report(options, fronts, sizes):
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    (options.out / "scaling.json").write_text(json.dumps({"fronts": fronts, "sizes": sizes}, indent=1) + "\n")
    front_rows = "\n".join(
        f"| {f['kind']} | {f['points']} | {f['proved']} | {f['distinct']} | {f['command_seconds']:.2f} | {f['median']:.4f} | "
        f"{f['largest']:.3f} |" for f in fronts)

    def cell(groups, choices, budgets, kind):
        one = next(s for s in sizes if (s["groups"], s["choices"], s["budgets"], s["kind"]) == (groups, choices, budgets, kind))
        if one["proved"]:
            return f"{one['seconds']:.3g}"
        return f"> {options.limit} (gap {one['gap']:.1e})" if one["gap"] is not None else f"> {options.limit} (nothing found)"

    size_rows = "\n".join(f"| {g} × {c} | {b} | {cell(g, c, b, 'noisy')} | {cell(g, c, b, 'correlated')} |" for g, c, b in SIZES)
    (options.out / "scaling.md").write_text(f"""# Fronts, and how the cost of a selection grows

Written by `benchmarks/selection_scaling.py`, which says what is measured; instances are those of `benchmarks/selection.py`, seed 0.
{processor.group(1) if processor else platform.processor()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, commit {commit}.

## Fronts of 80 groups × 54 choices with 3 budgets

One budget takes 100 limits from the tightest that the two others, at 50 %, leave attainable to where it no longer matters. Seconds of
the whole command on all cores (reading, baselines of every point and writing included), and of its points' solves.

| Kind | Points | Proved | Distinct selections | Command s | Median point s | Slowest point s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{front_rows}

## Groups, choices and budgets

Seconds until the optimum is proved on one thread, budgets at 50 %, limit {options.limit} s; where that is not enough, the gap that is left.

| Groups × choices | Budgets | Noisy | Correlated |
| --- | ---: | ---: | ---: |
{size_rows}
""")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quoin")
    parser.add_argument("--out", type=Path, default=Path("experiments/block-selection"))
    parser.add_argument("--work", type=Path, default=Path("runs/selection"))
    parser.add_argument("--limit", type=int, default=30)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    fronts, sizes = [], []
    for kind in selection.KINDS:
        fronts.append(front(options, kind, POINTS))
        print(fronts[-1], flush=True)
    for groups, choices, budgets in SIZES:
        for kind in KINDS:
            sizes.append(size(options, groups, choices, budgets, kind))
            print(sizes[-1], flush=True)
    report(options, fronts, sizes)


if __name__ == "__main__":
    main()
