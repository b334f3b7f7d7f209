#!/usr/bin/env python3
"""Published tables as block selection: HAWQ-V3's bits per layer, and SpaceEvo's blocks per stage.

    selection_tables.py QUOIN DATA [--out DIR] [--work DIR] [--points 101] [--repeats 5]

DATA holds mixed_precision_tables/hawq_v3.json with hawq_v3_optima_ours.json, and spaceevo/block_lut_*.csv.gz. Every answer is kept
in WORK at once, so that the same command goes on where it stopped. Every answer is compared with fronts that exact_front.py
computes without any solver. DIR gets tables.json, tables.md and plots. Needs numpy.

Where QUOIN does not know interactions that match inputs with outputs, networks whose widths fit are left out.
"""
import argparse
import json
import resource
import statistics
import subprocess
import time
from pathlib import Path

import exact_front
import hawq_tables as hawq
import spaceevo_tables as spaceevo
import tables_report

LATENCY = "int8_latency_ms"
# Milliseconds of the six stages.
LIMITS = {"vnni": (3, 5, 8, 10, 15, 20), "pixel4": (5, 10, 20, 40)}
# Of what the best selection within a latency takes, where operations and parameters are limited as well.
SHARE = 0.7
# Of HAWQ-V3's fronts, and the resolution of SpaceEvo's that are drawn, with widths where they are known.
PLOTTED, PLOTTED_RESOLUTION = "resnet50-latency", 192
# Losses of HAWQ-V3 are sums of products in Double, in another order here than there.
ROUNDING = 1e-12


class Runner:
    """Runs `quoin select`, and keeps the answers."""

    def __init__(self, options):
        self.quoin, self.out, self.work = options.quoin, options.out, options.work

    def select(self, name, instance, *arguments, plot=False):
        """The answer with the seconds of the whole command, by the clock and of the processor; `instance` makes the problem."""
        kept, figure = self.work / f"{name}.answer.json", self.out / f"tables-{name}.svg"
        if kept.exists() and (figure.exists() or not plot):
            return json.loads(kept.read_text())
        path = self.work / f"{name}.json"
        path.write_text(json.dumps(instance()))
        command = [self.quoin, "select", str(path), "--json", *arguments, *(["--plot", str(figure)] if plot else [])]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
        path.unlink()
        if run.returncode not in (0, 2):
            raise SystemExit(f"{' '.join(command)} ended with code {run.returncode}")
        found = {"seconds": seconds, "processor_seconds": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
                 "answer": json.loads(run.stdout)}
        kept.with_suffix(".tmp").write_text(json.dumps(found))
        kept.with_suffix(".tmp").rename(kept)
        print(name, f"{seconds:.2f} s", flush=True)
        return found

    def knows_matching(self):
        """Whether choices can be told to fit the next group's: the cheap first one does not here."""
        choice = lambda name, score, tag: {"name": name, "score": score, "costs": {}, "input": tag, "output": tag}
        path = self.work / "matching.json"
        path.write_text(json.dumps({
            "sense": "minimize", "interactions": [{"groups": ["a", "b"], "matching": True}], "groups": [
                {"name": "a", "choices": [choice("cheap", 0, "8"), choice("dear", 1, "16")]},
                {"name": "b", "choices": [choice("only", 0, "16")]}]}))
        run = subprocess.run([self.quoin, "select", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        path.unlink()
        return run.returncode == 0 and json.loads(run.stdout)["choices"]["a"] == "dear"


def checked(least, limit, scale, objective, rounding):
    """Whether the oracle finds the same at a limit. Sums in Double may miss it by their last digit, whole numbers never."""
    ends = [least((limit + slack) * scale) for slack in (1e-9 * limit, -1e-9 * limit)]
    if objective is None:
        return ends[1] is None
    return ends[0] is not None and bool(
        ends[0] - rounding <= objective <= (objective if ends[1] is None else ends[1]) + rounding)


def front_summary(found, check):
    points = found["answer"]["points"]
    gap = lambda name: [p["baselines"][name] / p["objective"] - 1 for p in points if p["baselines"][name] is not None]
    return {
        "points": [{"limit": p["limit"], "objective": p["objective"], **p["baselines"]} for p in points],
        "proved": sum(p["status"] == "optimal" for p in points), "checked": sum(check(p) for p in points),
        "choices": points[0]["presolve"]["choices_before"], "solvers": sorted({p["solver"] for p in points}), "selections": len({json.dumps(p["choices"]) for p in points}),
        "solve_seconds": sum(p["solve_seconds"] for p in points), "slowest_seconds": max(p["solve_seconds"] for p in points),
        "seconds": found["seconds"], "processor_seconds": found["processor_seconds"],
        "above": {name: {"found": len(gap(name)), "mean": statistics.mean(gap(name)) if gap(name) else None,
                         "optimal": sum(g <= ROUNDING for g in gap(name))} for name in ("greedy", "uniform", "random")}}


def hawq_problem(options, runner, network, table, budget, fraction, least, scale, known):
    cost = hawq.BUDGETS[budget]
    limit = hawq.limit(table, cost, float(fraction))
    runs = [runner.select(f"{network}-{budget}-{fraction}-run{run}", lambda: hawq.instance(table, {cost: limit}))["answer"]
            for run in range(options.repeats)]
    answer, released = runs[0], hawq.released_bits(network, budget, fraction)
    loss, costs = hawq.value(table, released)
    bits = hawq.bits_of(table, answer["choices"])
    return {
        "network": network, "budget": budget, "fraction": fraction, "limit": limit, "cost": answer["costs"][cost],
        "objective": answer["objective"], "status": answer["status"], "solver": answer["solver"], "bits": bits,
        "solve_seconds": statistics.median(run["solve_seconds"] for run in runs), "baselines": answer["baselines"],
        "checked": checked(least, limit, scale, answer["objective"], ROUNDING),
        "released": {"loss": loss, "cost": costs[cost], "same": released == bits, "keeps": costs[cost] <= limit,
                     "differs": [[layer, theirs, best] for layer, (theirs, best) in enumerate(zip(released, bits)) if theirs != best]},
        "known": known and {"difference": answer["objective"] - known["objective_sum_trace_times_perturb"],
                            "same": known["bits"] == bits}}


def measure_hawq(options, runner):
    folder = options.data / "mixed_precision_tables"
    tables = json.loads((folder / "hawq_v3.json").read_text())
    known = json.loads((folder / "hawq_v3_optima_ours.json").read_text())["solutions"]
    problems, fronts, together = [], [], []
    for network in ("resnet18", "resnet50"):
        table = tables[network]
        for budget, cost in hawq.BUDGETS.items():
            groups, scale = hawq.arrays(table, cost)
            front = exact_front.free_front(groups)
            least = lambda limit: exact_front.least_loss(front, limit)
            for fraction in hawq.FRACTIONS:
                problems.append(hawq_problem(options, runner, network, table, budget, fraction, least, scale,
                                             known.get(f"{network}_{budget}_{fraction}")))
            name = f"{network}-{budget}"
            found = runner.select(name, lambda: hawq.instance(table, {cost: hawq.limit(table, cost, 1)}), "--sweep",
                                  f"{cost}={options.points}", plot=name == PLOTTED)
            fronts.append({"name": name, "true_points": len(front[0]), **front_summary(
                found, lambda p: checked(least, p["limit"], scale, p["objective"], ROUNDING))})
        every = {cost: hawq.limit(table, cost, 0.5) for cost in hawq.BUDGETS.values()}
        answer = runner.select(f"{network}-all-0.5", lambda: hawq.instance(table, every))["answer"]
        together.append({"network": network, **{key: answer[key] for key in (
            "objective", "status", "solver", "solve_seconds", "baselines", "costs")}})
    return {"problems": problems, "fronts": fronts, "together": together, "published": published(tables)}


def published(tables):
    """The published sizes and bit operations beside those of the released bits, first and last layer at 8 bits added."""
    rows = []
    for network, (parameters, products) in hawq.ENDS.items():
        table, layers = tables[network], len(tables[network]["params"])
        bits = {"W8A8": [8] * layers, "mixed_bops0.5": hawq.released_bits(network, "bops", "0.5"), "W4A4": [4] * layers}
        for row in tables["published"][network]:
            if row["q"] in bits:
                costs = hawq.value(table, bits[row["q"]])[1]
                rows.append({"network": network, **row, "size_mib": (costs["size_bytes"] + parameters) / 2**20,
                             "bops": (costs["bops"] + 64 * products) / 1e9})
    return rows


def spaceevo_front(options, runner, device, resolution, stages, with_widths, plot):
    arrays = spaceevo.matching_arrays(stages) if with_widths else spaceevo.free_arrays(stages)
    front = (exact_front.matching_front if with_widths else exact_front.free_front)(arrays)
    name = f"{device}-{resolution}" + ("-widths" if with_widths else "")
    found = runner.select(name, lambda: spaceevo.instance(stages, {LATENCY: 1e6}, with_widths), "--sweep",
                          f"{LATENCY}={(options.points + 1) // 2}", plot=plot)
    least = lambda limit: exact_front.least_loss(front, limit)
    return {"name": name, "true_points": len(front[0]),
            "choices_after": max(p["presolve"]["choices_after"] for p in found["answer"]["points"]), **front_summary(
                found, lambda p: checked(least, p["limit"], spaceevo.SCALE, p["objective"] * spaceevo.SCALE, 1e-6)
                and (not with_widths or spaceevo.is_matching(stages, p["choices"])))}


def spaceevo_best(runner, device, tables, space, with_widths, limit):
    """The best network within a latency over all resolutions, of all spaces or of the authors' final one."""
    best = None
    for resolution, stages in tables.items():
        stages = stages if space == "all" else spaceevo.within(stages, spaceevo.FINAL[device])
        name = f"{device}-{resolution}-{space}{'-widths' if with_widths else ''}-{limit}ms"
        answer = runner.select(name, lambda: spaceevo.instance(stages, {LATENCY: limit}, with_widths))["answer"]
        if answer["status"] not in ("optimal", "infeasible"):
            return None
        if answer["status"] == "optimal" and (best is None or answer["objective"] < best["objective"]):
            best = {"resolution": resolution, "objective": answer["objective"], "latency": answer["costs"][LATENCY],
                    "solver": answer["solver"], "baselines": answer["baselines"], "choices": answer["choices"]}
    return best


def spaceevo_limit(runner, device, tables, limit, sampled, widths):
    row = {"device": device, "limit": limit, "sampled": sampled}
    for space in ("all", "final"):
        for with_widths in (False, True) if widths else (False,):
            key = space + ("_widths" if with_widths else "")
            row[key] = spaceevo_best(runner, device, tables, space, with_widths, limit)
    return row


def spaceevo_together(runner, device, resolution, stages):
    """Latency, operations and parameters limited at once: the latter two to a share of what latency alone would take."""
    limit = LIMITS[device][len(LIMITS[device]) // 2]
    alone = runner.select(f"{device}-{resolution}-all-{limit}ms", lambda: spaceevo.instance(stages, {LATENCY: limit}))["answer"]
    limits = {LATENCY: limit} | {cost: SHARE * alone["costs"][cost] for cost in ("flops_m", "params_m")}
    answer = runner.select(f"{device}-{resolution}-together", lambda: spaceevo.instance(stages, limits))["answer"]
    return {"network": f"{device}-{resolution}", "limits": limits, "alone": alone["objective"], **{key: answer[key] for key in (
        "objective", "status", "solver", "solve_seconds", "baselines", "costs")}}


def measure_spaceevo(options, runner):
    widths = runner.knows_matching()
    fronts, limits, together = [], [], []
    for device, file in spaceevo.DEVICES.items():
        tables = spaceevo.read(options.data / "spaceevo" / file)
        for resolution, stages in tables.items():
            for with_widths in (False, True) if widths else (False,):
                plot = resolution == PLOTTED_RESOLUTION and with_widths == widths
                fronts.append(spaceevo_front(options, runner, device, resolution, stages, with_widths, plot))
        sampled = spaceevo.sampled(tables, spaceevo.FINAL[device], LIMITS[device])
        limits += [spaceevo_limit(runner, device, tables, limit, sampled[limit], widths) for limit in LIMITS[device]]
        together += [spaceevo_together(runner, device, resolution, stages) for resolution, stages in tables.items()]
    return {"fronts": fronts, "limits": limits, "together": together, "widths": widths}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quoin")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("experiments/block-selection"))
    parser.add_argument("--work", type=Path, default=Path("runs/selection-tables"))
    parser.add_argument("--points", type=int, default=101, help="limits of a front of HAWQ-V3; SpaceEvo's have half as many")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    runner = Runner(options)
    results = {"hawq": measure_hawq(options, runner), "spaceevo": measure_spaceevo(options, runner)}
    tables_report.write(options, results)


if __name__ == "__main__":
    main()
