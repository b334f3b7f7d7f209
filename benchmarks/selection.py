#!/usr/bin/env python3
"""Block selection beside general solvers: seconds until the optimum is proved.

    selection.py QUOIN [--out DIR] [--work DIR] [--only TEXT] [--limit 60] [--repeats 3] [--peers highs,cp-sat,cbc,glpk]

Instances are generated with fixed seeds. All solvers have one thread and gap 0. HiGHS and CBC get a tolerance of 1e-9 for rows
and for whole numbers, GLPK for whole numbers only (its rows keep 1e-7); CP-SAT gets whole numbers, and its objective is
computed again. Only the solve call counts on every side. Quoin is run before, between and
after the peers; a peer that needs less than two seconds is run three times, and medians are compared. Every answer
is kept in WORK at once, so that the same command goes on where it stopped. DIR gets selection.json and selection.md.
"""
import argparse
import json
import math
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

SIZES = [(16, 24, 2), (32, 54, 3), (80, 54, 3), (80, 216, 4), (128, 1000, 4)]
KINDS = ["correlated", "anti-correlated", "noisy"]
BUDGETS = [25, 50, 75]
# Costs are multiplied by this for CP-SAT and rounded up; limits are rounded down, so that its points keep the rows.
SCALE = 10**7


def instance(groups, choices, budgets, kind, percent, seed=0):
    """Groups of choices with a loss and costs.

    correlated: a choice has a size; its costs all grow with it and its loss falls with it, each with some noise.
    anti-correlated: every other cost falls with the size, and the loss falls with the sum of costs.
    noisy: losses and costs are independent.
    Limits lie between the costs of the leanest selection and those of the one with the least loss.
    """
    draw = random.Random(f"{groups} {choices} {budgets} {kind} {percent} {seed}")
    table = []
    for _ in range(groups):
        scale = draw.uniform(0.5, 2)
        group = []
        for _ in range(choices):
            size = draw.random()
            clamp = lambda value: min(1, max(0, value + draw.gauss(0, 0.1)))
            if kind == "correlated":
                costs = [scale * (1 + 99 * clamp(size)) for _ in range(budgets)]
                loss = scale * (100 * (1 - size) + draw.uniform(0, 10))
            elif kind == "anti-correlated":
                costs = [scale * (1 + 99 * clamp(size if k % 2 == 0 else 1 - size)) for k in range(budgets)]
                loss = scale * (100 * (1 - sum(costs) / budgets / scale / 100) + draw.uniform(0, 30))
            else:
                costs = [scale * draw.uniform(1, 100) for _ in range(budgets)]
                loss = scale * draw.uniform(0, 100)
            group.append((loss, costs))
        table.append(group)
    best = [min(group)[1] for group in table]
    mean = [sum(costs[k] for group in table for _, costs in group) for k in range(budgets)]
    lean = [min((sum(c / m for c, m in zip(costs, mean)), costs) for _, costs in group)[1] for group in table]
    limits = []
    for k in range(budgets):
        low, high = sum(c[k] for c in lean), sum(c[k] for c in best)
        limits.append(low + percent / 100 * (high - low))
    return table, limits


def write(path, table, limits):
    groups = [{"name": f"layer{g}", "choices": [
        {"name": f"c{j}", "score": loss, "costs": {f"b{k}": c for k, c in enumerate(costs)}}
        for j, (loss, costs) in enumerate(group)]} for g, group in enumerate(table)]
    budgets = {f"b{k}": {"max": limit} for k, limit in enumerate(limits)}
    path.write_text(json.dumps({"sense": "minimize", "groups": groups, "budgets": budgets}))


def columns(table):
    return [(g, loss, costs) for g, group in enumerate(table) for loss, costs in group]


def value(table, limits, chosen):
    """The loss of a selection, and by how much it breaks its rows, relative to them."""
    picked = [group[j] for group, j in zip(table, chosen)]
    broken = max(max(0.0, sum(costs[k] for _, costs in picked) / limit - 1) for k, limit in enumerate(limits))
    return sum(loss for loss, _ in picked), broken


def chosen_of(table, values):
    chosen, start = [], 0
    for group in table:
        part = values[start:start + len(group)]
        chosen.append(max(range(len(group)), key=lambda j: part[j]))
        start += len(group)
    return chosen


def highs(table, limits, limit):
    import highspy
    import numpy as np
    solver = highspy.Highs()
    for option, setting in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0),
                            ("time_limit", float(limit)), ("mip_feasibility_tolerance", 1e-9),
                            ("primal_feasibility_tolerance", 1e-9)):
        solver.setOptionValue(option, setting)
    every, rows = columns(table), len(table)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(every), rows + len(limits)
    model.col_cost_ = np.array([loss for _, loss, _ in every])
    model.col_lower_, model.col_upper_ = np.zeros(len(every)), np.ones(len(every))
    model.row_lower_ = np.array([1.0] * rows + [-highspy.kHighsInf] * len(limits))
    model.row_upper_ = np.array([1.0] * rows + limits)
    starts, indices, values = [0], [], []
    for group, _, costs in every:
        indices += [group] + [rows + k for k in range(len(limits))]
        values += [1.0] + costs
        starts.append(len(indices))
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = np.array(starts), np.array(indices)
    model.a_matrix_.value_ = np.array(values)
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(every)
    solver.passModel(model)
    start = time.perf_counter()
    solver.run()
    seconds = time.perf_counter() - start
    proved = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return seconds, proved, chosen_of(table, list(solver.getSolution().col_value)) if proved else None


def cp_sat(table, limits, limit):
    from ortools.sat.python import cp_model
    model = cp_model.CpModel()
    variables = [[model.new_bool_var("") for _ in group] for group in table]
    for group in variables:
        model.add_exactly_one(group)
    flat = [v for group in variables for v in group]
    every = columns(table)
    for k, bound in enumerate(limits):
        model.add(cp_model.LinearExpr.weighted_sum(flat, [math.ceil(c[k] * SCALE) for _, _, c in every])
                  <= math.floor(bound * SCALE))
    model.minimize(cp_model.LinearExpr.weighted_sum(flat, [round(loss * SCALE) for _, loss, _ in every]))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = limit
    start = time.perf_counter()
    status = solver.solve(model)
    seconds = time.perf_counter() - start
    proved = status == cp_model.OPTIMAL
    return seconds, proved, chosen_of(table, [solver.value(v) for v in flat]) if proved else None


def lp_file(path, table, limits):
    every = columns(table)
    line = lambda terms: "\n ".join(f"{'+' if c >= 0 else '-'} {abs(c)!r} x{i}" for i, c in terms)
    with open(path, "w") as file:
        file.write("Minimize\n obj: " + line((i, loss) for i, (_, loss, _) in enumerate(every)) + "\nSubject To\n")
        start = 0
        for g, group in enumerate(table):
            file.write(f" g{g}: " + line((i, 1.0) for i in range(start, start + len(group))) + " = 1\n")
            start += len(group)
        for k, bound in enumerate(limits):
            file.write(f" b{k}: " + line((i, c[k]) for i, (_, _, c) in enumerate(every)) + f" <= {bound!r}\n")
        file.write("Binary\n " + "\n ".join(f"x{i}" for i in range(len(every))) + "\nEnd\n")


def cbc(table, limits, limit):
    with tempfile.TemporaryDirectory() as folder:
        lp_file(f"{folder}/m.lp", table, limits)
        run = subprocess.run(
            ["cbc", f"{folder}/m.lp", "-threads", "0", "-ratioGap", "0", "-allowableGap", "0", "-primalTolerance", "1e-9",
             "-integerTolerance", "1e-9", "-sec", str(limit), "-timeMode", "elapsed", "-solve", "-solution",
             f"{folder}/s.txt"], stdout=subprocess.PIPE, text=True, timeout=4 * limit + 60)
        found = re.search(r"Total time \(CPU seconds\):\s+([\d.]+)\s+\(Wallclock seconds\):\s+([\d.]+)", run.stdout)
        proved = "Optimal solution found" in run.stdout
        values = [0.0] * len(columns(table))
        if proved:
            for text in Path(f"{folder}/s.txt").read_text().splitlines()[1:]:
                parts = text.split()
                values[int(parts[1][1:])] = float(parts[2])
        return float(found.group(2)) if found else float(limit), proved, chosen_of(table, values) if proved else None


def glpk(table, limits, limit):
    import swiglpk as g
    every, rows = columns(table), len(table)
    g.glp_term_out(g.GLP_OFF)
    problem = g.glp_create_prob()
    g.glp_add_rows(problem, rows + len(limits))
    g.glp_add_cols(problem, len(every))
    for row in range(rows):
        g.glp_set_row_bnds(problem, row + 1, g.GLP_FX, 1, 1)
    for k, bound in enumerate(limits):
        g.glp_set_row_bnds(problem, rows + k + 1, g.GLP_UP, 0, bound)
    height = 1 + len(limits)
    indices, values = g.intArray(height + 1), g.doubleArray(height + 1)
    for column, (group, loss, costs) in enumerate(every):
        g.glp_set_col_kind(problem, column + 1, g.GLP_BV)
        g.glp_set_obj_coef(problem, column + 1, loss)
        indices[1], values[1] = group + 1, 1.0
        for k, cost in enumerate(costs):
            indices[k + 2], values[k + 2] = rows + k + 1, cost
        g.glp_set_mat_col(problem, column + 1, height, indices, values)
    options = g.glp_iocp()
    g.glp_init_iocp(options)
    options.presolve, options.mip_gap, options.tm_lim = g.GLP_ON, 0.0, int(1000 * limit)
    options.tol_int = 1e-9
    start = time.perf_counter()
    code = g.glp_intopt(problem, options)
    seconds = time.perf_counter() - start
    proved = code == 0 and g.glp_mip_status(problem) == g.GLP_OPT
    chosen = chosen_of(table, [g.glp_mip_col_val(problem, i + 1) for i in range(len(every))]) if proved else None
    g.glp_delete_prob(problem)
    return seconds, proved, chosen


PEERS = {"highs": highs, "cp-sat": cp_sat, "cbc": cbc, "glpk": glpk}


def quoin(program, path, limit):
    run = subprocess.run([program, "select", str(path), "--time-limit", str(limit), "--json"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    answer = json.loads(run.stdout)
    return answer["solve_seconds"], answer["stopped"] == "proved", answer


def peer(name, table, limits, limit):
    """A peer in a process of its own, as a crash or a solver that ignores its limit must not end the others."""
    import multiprocessing as mp
    receiver, sender = mp.Pipe(False)
    process = mp.Process(target=lambda: sender.send(PEERS[name](table, limits, limit)))
    process.start()
    answer = receiver.recv() if receiver.poll(3 * limit + 120) else (float(limit), False, None)
    process.terminate()
    process.join()
    return answer


def measure(options, name, table, limits):
    path = options.work / f"{name}.json"
    write(path, table, limits)
    own, answers = [], {}

    def run_own():
        # What takes long is measured once: its noise is small beside the ratios.
        if own and own[-1][0][0] > 5:
            return
        seconds, proved, answer = quoin(options.quoin, path, options.limit)
        own.append(((seconds, proved), answer))

    for _ in range(max(1, options.repeats - len(options.peers))):
        run_own()
    for other in options.peers:
        runs = []
        while not runs or (len(runs) < 3 and runs[0][0] < 2):
            runs.append(peer(other, table, limits, options.limit))
            run_own()
        seconds, proved, chosen = statistics.median(r[0] for r in runs), all(r[1] for r in runs), runs[0][2]
        answers[other] = {"seconds": min(seconds, options.limit) if proved else options.limit, "proved": proved}
        if chosen:
            answers[other]["objective"], answers[other]["broken"] = value(table, limits, chosen)
    path.unlink()
    answer = own[-1][1]
    return {"name": name, "quoin": {
        "seconds": statistics.median(s for (s, _), _ in own), "proved": all(p for (_, p), _ in own), "runs": len(own),
        "objective": answer["objective"], "choices_after": answer["presolve"]["choices_after"]}, "peers": answers}


def report(options, results):
    rows, ratios = [], []
    for result in results:
        own, peers = result["quoin"], result["peers"]
        if not own["proved"] and not any(p["proved"] for p in peers.values()):
            rows.append((result["name"], own, peers, None))
            continue
        fastest = min(p["seconds"] for p in peers.values())
        ratio = fastest / (own["seconds"] if own["proved"] else options.limit)
        ratios.append(ratio)
        rows.append((result["name"], own, peers, ratio))
    show = lambda one: f"{one['seconds']:.4g}" if one["proved"] else f"> {options.limit}"
    lines = [f"| {name} | {show(own)} | " + " | ".join(show(peers[p]) if p in peers else "–" for p in options.peers)
             + f" | {'all timed out' if ratio is None else f'{ratio:.1f}'} |" for name, own, peers, ratio in rows]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")
    worse = [r["name"] for r in results for p in r["peers"].values()
             if "objective" in p and p["objective"] < r["quoin"]["objective"] * (1 - 1e-9) and p["broken"] <= 0]
    described = subprocess.run(["git", "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    commit = options.commit or described
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    known = {result["name"] for result in results}
    absent = [name for name in (f"{g}x{c}-{b}-{kind}-{percent}" for g, c, b in SIZES for kind in KINDS for percent in BUDGETS)
              if name not in known]
    (options.out / "selection.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.out / "selection.md").write_text(f"""# Block selection beside general solvers

Written by `benchmarks/selection.py`, which says how instances are made and what counts. Seconds until the optimum is proved, one
thread each, limit {options.limit} s; {processor.group(1) if processor else platform.processor()}, {os.cpu_count()} cores,
{time.strftime('%Y-%m-%d')}, commit {commit}. Names are groups × choices – budgets – kind – percent.

{options.note + chr(10) if options.note else ''}{'Not measured: ' + ', '.join(absent) + '.' + chr(10) if absent else ''}
Geometric mean of the fastest peer's time over Quoin's: **{mean:.1f}** over {len(ratios)} instances; least {min(ratios, default=float('nan')):.1f}.
{'No peer found a better selection that keeps its budgets.' if not worse else 'Better selections were found by peers on: ' + ', '.join(worse)}

| Instance | Quoin | {' | '.join(options.peers)} | fastest peer / Quoin |
| --- | ---: | {' | '.join('---:' for _ in options.peers)} | ---: |
""" + "\n".join(lines) + "\n")
    print(f"geometric mean {mean:.2f}, least {min(ratios, default=float('nan')):.2f}, over {len(ratios)} instances")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quoin")
    parser.add_argument("--out", type=Path, default=Path("experiments/block-selection"))
    parser.add_argument("--work", type=Path, default=Path("runs/selection"))
    parser.add_argument("--only", default="", help="instances whose name holds this")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--part", default="0/1", help="I/N: every Nth instance from the Ith on, without a report")
    parser.add_argument("--commit", help="what QUOIN was built from, if not from the present state")
    parser.add_argument("--note", help="a sentence for the report on how it was measured")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", type=lambda text: text.split(","), default=list(PEERS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    if "cbc" in options.peers and not shutil.which("cbc"):
        parser.error("cbc is missing: install Debian's package coinor-cbc")
    results = []
    part, parts = map(int, options.part.split("/"))
    suite = [(*size, kind, percent) for size in SIZES for kind in KINDS for percent in BUDGETS]
    for groups, choices, budgets, kind, percent in suite[part::parts]:
        name = f"{groups}x{choices}-{budgets}-{kind}-{percent}"
        if options.only not in name:
            continue
        kept = options.work / f"{name}.result.json"
        if not kept.exists():
            result = measure(options, name, *instance(groups, choices, budgets, kind, percent))
            kept.with_suffix(".tmp").write_text(json.dumps(result))
            kept.with_suffix(".tmp").rename(kept)
        results.append(json.loads(kept.read_text()))
        own = results[-1]["quoin"]
        print(name, f"{own['seconds']:.4f}", {p: round(a["seconds"], 3) for p, a in results[-1]["peers"].items()},
              flush=True)
    if parts == 1:
        report(options, results)


if __name__ == "__main__":
    main()
