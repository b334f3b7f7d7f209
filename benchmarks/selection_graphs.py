#!/usr/bin/env python3
"""Block selection whose groups interact in cycles, beside HiGHS: seconds until the optimum is proved.

    selection_graphs.py QUOIN [--out DIR] [--work DIR] [--limit 60] [--against OTHER_QUOIN]

Instances are generated with fixed seeds. HiGHS gets a column for every pair, which is taken exactly where both choices are, one
thread, gap 0, and tolerances of 1e-9. Only the solve call counts; both sides take turns, three times where they need less than
two seconds, and medians are compared. With --against, another build of Quoin takes the place of HiGHS. Every answer is kept in WORK at once, so
that the same command goes on where it stopped. DIR gets graphs.json and graphs.md. Needs the environment that `make bench-selection` makes.
"""
import argparse
import json
import math
import os
import random
import re
import statistics
import subprocess
import time
from pathlib import Path

import selection

LINKS = {
    "ring": lambda n: [(i, (i + 1) % n) for i in range(n)],
    "star": lambda n: [(0, i) for i in range(1, n)],
    "skip": lambda n: [(i, i + d) for d in (1, 2) for i in range(n - d)],
    "far": lambda n: [(i, i + 1) for i in range(n - 1)] + [(i, i + n // 2) for i in range(0, n // 2, 3)],
}
SIZES = [(12, 6, 0.3), (20, 8, 0.2), (32, 12, 0.1)]
# Whether pairs cost, as conversions of formats do, or cost and save alike.
PAIRS = ["costly", "mixed"]
BUDGETS = ["latency_ms", "memory_mb"]


def instance(links, groups, choices, density, pairs):
    """Groups of choices with a gain that grows with their latency; limits 40 % of the way from the least to the most."""
    draw = random.Random(f"{links} {groups} {choices} {density} {pairs}")
    table = []
    for group in range(groups):
        sizes = [draw.random() for _ in range(choices)]
        table.append({"name": f"g{group}", "choices": [
            {"name": f"c{i}", "score": 0.7 * size + 0.5 * draw.random(),
             "costs": {"latency_ms": 0.2 + 2 * size + 0.3 * draw.random(), "memory_mb": 0.5 + 3 * draw.random()}}
            for i, size in enumerate(sizes)]})
    least_gain, most_gain = (-0.15, 0.05) if pairs == "costly" else (-0.2, 0.2)
    interactions = [{"groups": [f"g{a}", f"g{b}"], "pairs": [
        {"choices": [f"c{i}", f"c{j}"], "score": draw.uniform(least_gain, most_gain),
         "costs": {"latency_ms": 0.3 * draw.random()}}
        for i in range(choices) for j in range(choices) if draw.random() < density]} for a, b in LINKS[links](groups)]
    budgets = {}
    for name in BUDGETS:
        low, high = (sum(f(c["costs"][name] for c in group["choices"]) for group in table) for f in (min, max))
        budgets[name] = {"max": low + 0.4 * (high - low)}
    return {"sense": "maximize", "groups": table, "interactions": interactions, "budgets": budgets}


def rows_of(problem):
    """Columns (score, costs, whether whole) and rows (lower, upper, {column: factor}) of the linearised problem."""
    place, columns, rows = {}, [], []
    for group in problem["groups"]:
        for choice in group["choices"]:
            place[group["name"], choice["name"]] = len(columns)
            columns.append((choice["score"], choice["costs"], True))
        rows.append((1, 1, {place[group["name"], c["name"]]: 1 for c in group["choices"]}))
    for interaction in problem["interactions"]:
        for pair in interaction["pairs"]:
            both = [place[key] for key in zip(interaction["groups"], pair["choices"])]
            own = len(columns)
            columns.append((pair["score"], pair["costs"], False))
            rows += [(-math.inf, 0, {own: 1, one: -1}) for one in both]
            rows.append((-1, math.inf, {own: 1, both[0]: -1, both[1]: -1}))
    for name, budget in problem["budgets"].items():
        rows.append((-math.inf, budget["max"], {i: c[name] for i, (_, c, _) in enumerate(columns) if name in c}))
    return columns, rows


def highs(problem, limit):
    import highspy
    import numpy as np
    solver = highspy.Highs()
    for option, setting in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0),
                            ("time_limit", float(limit)), ("mip_feasibility_tolerance", 1e-9),
                            ("primal_feasibility_tolerance", 1e-9)):
        solver.setOptionValue(option, setting)
    columns, rows = rows_of(problem)
    bound = lambda value: math.copysign(highspy.kHighsInf, value) if math.isinf(value) else float(value)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(columns), len(rows)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = np.array([score for score, _, _ in columns])
    model.col_lower_, model.col_upper_ = np.zeros(len(columns)), np.ones(len(columns))
    model.row_lower_, model.row_upper_ = (np.array([bound(row[side]) for row in rows]) for side in (0, 1))
    model.integrality_ = [highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous
                          for _, _, whole in columns]
    starts, indices, values = [0], [], []
    for _, _, row in rows:
        indices += row.keys()
        values += map(float, row.values())
        starts.append(len(indices))
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = np.array(starts), np.array(indices)
    model.a_matrix_.value_ = np.array(values)
    solver.passModel(model)
    start = time.perf_counter()
    solver.run()
    seconds = time.perf_counter() - start
    proved = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return seconds, proved, solver.getInfo().objective_function_value if proved else None


def measure(options, name, problem):
    path = options.work / f"{name}.json"
    path.write_text(json.dumps(problem))

    def own(program):
        seconds, proved, answer = selection.quoin(program, path, options.limit)
        return seconds, proved, answer["objective"]

    sides = {"quoin": lambda: own(options.quoin),
             "other": (lambda: own(options.against)) if options.against else (lambda: highs(problem, options.limit))}
    runs = {side: [] for side in sides}
    for _ in range(3):
        for side, run in sides.items():
            if not runs[side] or runs[side][0][0] < 2:
                runs[side].append(run())
    path.unlink()
    result = {side: {"seconds": statistics.median(r[0] for r in done), "proved": all(r[1] for r in done),
                     "objective": done[0][2]} for side, done in runs.items()}
    for side in result.values():
        if not side["proved"]:
            side["seconds"] = options.limit
    values = [side["objective"] for side in result.values() if side["proved"]]
    if len(values) == 2 and abs(values[0] - values[1]) > 1e-6 * abs(values[0]):
        raise SystemExit(f"{name}: two proved optima differ: {values}")
    return {"name": name, **result}


def report(options, results):
    other = "another build" if options.against else "HiGHS"
    ratios = [r["other"]["seconds"] / r["quoin"]["seconds"] for r in results
              if r["quoin"]["proved"] or r["other"]["proved"]]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    show = lambda side: f"{side['seconds']:.3g}" if side["proved"] else f"> {options.limit}"
    lines = "\n".join(f"| {r['name']} | {show(r['quoin'])} | {show(r['other'])} | "
                      f"{r['other']['seconds'] / r['quoin']['seconds']:.1f} |" for r in results)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    (options.out / "graphs.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "graphs.md").write_text(f"""# Groups that interact in cycles

Written by `benchmarks/selection_graphs.py`, which says how instances are made and what counts. Seconds until the optimum is
proved, limit {options.limit} s; {processor.group(1) if processor else 'an unknown processor'}, {os.cpu_count()} cores,
{time.strftime('%Y-%m-%d')}, commit {commit}. Names are links – groups × choices – pairs.

Geometric mean of the time of {other} over Quoin's: **{mean:.1f}** over {len(ratios)} instances; least {min(ratios):.1f}.

| Instance | Quoin | {other} | ratio |
| --- | ---: | ---: | ---: |
{lines}
""")
    print(f"geometric mean {mean:.2f}, least {min(ratios):.2f}, over {len(ratios)} instances")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quoin")
    parser.add_argument("--out", type=Path, default=Path("experiments/block-selection"))
    parser.add_argument("--work", type=Path, default=Path("runs/selection-graphs"))
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--against", help="another build of Quoin, instead of HiGHS")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    results = []
    for links in LINKS:
        for groups, choices, density in SIZES:
            for pairs in PAIRS:
                name = f"{links}-{groups}x{choices}-{pairs}"
                kept = options.work / f"{name}.result.json"
                if not kept.exists():
                    result = measure(options, name, instance(links, groups, choices, density, pairs))
                    kept.with_suffix(".tmp").write_text(json.dumps(result))
                    kept.with_suffix(".tmp").rename(kept)
                results.append(json.loads(kept.read_text()))
                print(name, *(f"{results[-1][side]['seconds']:.4f}" for side in ("quoin", "other")), flush=True)
    report(options, results)


if __name__ == "__main__":
    main()
