"""The report of selection_tables.py: tables.md and tables.json."""
import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path

UNITS = {"size": (2**20, "MiB"), "bops": (1e9, "G"), "latency": (1, "ms")}


def number(value, digits=6):
    return "–" if value is None else f"{value:.{digits}f}"


def above(value, best):
    """How far a loss is above another."""
    return "–" if value is None or best is None else f"+{100 * (value / best - 1):.1f} %"


def table(head, rows):
    # Cells of text stand left, others right.
    align = ["---" if cell.startswith("<") else "---:" for cell in head]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [[cell.removeprefix("<") for cell in head], align, *rows])


def machine():
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return {"processor": processor.group(1) if processor else platform.processor(), "cores": os.cpu_count(),
            "date": time.strftime("%Y-%m-%d"), "commit": commit}


def released_text(one, scale):
    released = one["released"]
    layers = ", ".join(f"layer {layer} INT{theirs} for INT{best}" for layer, theirs, best in released["differs"])
    kept = "" if released["keeps"] else ", over the limit"
    return f"{above(released['loss'], one['objective'])} at {released['cost'] / scale:.3f}{kept}; {layers}"


def problem_rows(problems):
    for one in problems:
        scale, unit = UNITS[one["budget"]]
        released, known = one["released"], one["known"]
        yield [one["network"], one["budget"], one["fraction"], f"{one['limit'] / scale:.3f} {unit}",
               f"{one['cost'] / scale:.3f}", number(one["objective"], 12), f"{1e3 * one['solve_seconds']:.1f}",
               "same" if released["same"] else released_text(one, scale),
               "–" if not known else f"{'same bits' if known['same'] else 'other bits'}, {known['difference']:+.0e}",
               above(one["baselines"]["greedy"], one["objective"]), above(one["baselines"]["random"], one["objective"])]


def front_rows(fronts):
    for one in fronts:
        greedy, random = one["above"]["greedy"], one["above"]["random"]
        count = len(one["points"])
        mean = lambda gap: "–" if gap["mean"] is None else f"+{100 * gap['mean']:.1f} % ({gap['found']})"
        yield [one["name"], str(one["choices"]), str(count), str(one["proved"]), str(one["checked"]),
               ", ".join(one["solvers"]), str(one["selections"]), str(one["true_points"]),
               f"{1e3 * one['slowest_seconds']:.0f}", f"{one['processor_seconds']:.1f}", f"{one['seconds']:.1f}", mean(greedy),
               str(greedy["optimal"]), mean(random)]


FRONT_HEAD = ["<Front", "choices", "limits", "proved", "confirmed", "<solver", "selections found", "points of the whole front",
              "slowest limit, ms", "processor, s", "clock, s", "greedy above (found)", "greedy optimal", "random above (found)"]


def off(rows, prefix):
    """The largest difference between what is printed and what is recomputed."""
    pairs = [pair for one in rows if one["q"].startswith(prefix)
             for pair in ((one["size_mb"], one["size_mib"]), (one["bops_g"], one["bops"]))]
    return f"{100 * max(abs(printed / own - 1) for printed, own in pairs):.1f} %"


def published_rows(rows):
    for one in rows:
        yield [one["network"], one["q"], f"{one['size_mb']}", f"{one['size_mib']:.2f}", f"{one['bops_g']}", f"{one['bops']:.1f}",
               f"{one['top1']}"]


def limit_rows(limits):
    show = lambda one: "–" if one is None else f"{one['objective']:.4f} ({one['resolution']})"
    for one in limits:
        best = one["all"] and one["all"]["objective"]
        fitting = one.get("all_widths") and one["all_widths"]["objective"]
        value = lambda key: one.get(key) and one[key]["objective"]
        yield [one["device"], str(one["limit"]), show(one["all"]), show(one.get("all_widths")), show(one["final"]),
               above(value("final"), best), show(one.get("final_widths")), above(value("final_widths"), fitting),
               number(one["sampled"], 4), above(one["sampled"], value("final")),
               "–" if not one["all"] else above(one["all"]["baselines"]["greedy"], best)]


def together_rows(rows):
    for one in rows:
        yield [one["network"], number(one["objective"], 12), one["status"], f"{1e3 * one['solve_seconds']:.1f}",
               above(one["baselines"]["greedy"], one["objective"]), above(one["baselines"]["random"], one["objective"])]


def limits_text(one):
    limits = one["limits"]
    return f"{limits['int8_latency_ms']} ms, {limits['flops_m']:.1f} M, {limits['params_m']:.3f} M"


def spaceevo_together_rows(rows):
    for one in rows:
        yield [one["network"], limits_text(one), number(one["objective"], 4), above(one["objective"], one["alone"]), one["status"],
               f"{1e3 * one['solve_seconds']:.0f}", above(one["baselines"]["greedy"], one["objective"])]


def counts(fronts):
    return sum(len(one["points"]) for one in fronts), sum(one["proved"] for one in fronts), sum(one["checked"] for one in fronts)


def hawq_text(hawq):
    problems, fronts = hawq["problems"], hawq["fronts"]
    points, proved, confirmed = counts(fronts)
    same = sum(one["released"]["same"] for one in problems)
    equal = sum(abs(one["released"]["loss"] / one["objective"] - 1) < 1e-12 for one in problems)
    known = [one["known"] for one in problems if one["known"]]
    return f"""## HAWQ-V3: INT4 or INT8 per layer

The published program: the sum over layers of trace times squared error of the weights is least, within a limit so far between the
totals of all INT4 and all INT8 as the fraction says; layers that meet in a sum share their precision. {len(problems)} problems,
{sum(one['status'] == 'optimal' for one in problems)} proved optimal, {sum(one['checked'] for one in problems)} confirmed by the
oracle. `milliseconds` is the median of repeated runs, baselines included. `released` are the bits that the authors published with
their networks: the same ones in {same} of {len(problems)}, of equal loss in {equal}. `HiGHS` are solutions of the problems of
fraction 0.5 from another solver: {sum(k['same'] for k in known)} of {len(known)} have the same bits, and the objectives differ by at
most {max(abs(k['difference']) for k in known):.0e}, as sums in another order do.

{table(['<Network', '<budget', 'fraction', 'limit', 'cost', 'least loss', 'milliseconds', 'released', 'HiGHS', 'greedy', 'random'],
       problem_rows(problems))}

All three limits at once, each at fraction 0.5:

{table(['<Network', 'least loss', '<status', 'milliseconds', 'greedy', 'random'], together_rows(hawq['together']))}

Whole fronts, {points} limits, {proved} proved optimal, {confirmed} confirmed by the oracle:

{table(FRONT_HEAD, front_rows(fronts))}

![Loss of ResNet50 within a latency](tables-resnet50-latency.svg)

### The published table

Sizes and bit operations of the published table, and those of the released bits with first and last layer at 8 bits added. The
uniform rows differ by at most {off(hawq['published'], 'W')}, the mixed rows by up to {off(hawq['published'], 'mixed')}: for both
networks the printed size is above and the number of operations below that of the released bits of this name, so that the
printed rows belong to other bits than those released under this name. What the released bits lose stands in
the table above; the loss of the printed rows' cannot be recomputed.

{table(['<Network', '<bits', 'size printed, MB', 'recomputed, MiB', 'BOPS printed, G', 'recomputed, G', 'top-1 printed, %'],
       published_rows(hawq['published']))}
"""


def spaceevo_text(spaceevo):
    points, proved, confirmed = counts(spaceevo["fronts"])
    suffix = "-widths" if spaceevo["widths"] else ""
    widths = ("Fronts named `widths` have the widths matched." if spaceevo["widths"] else
              "Networks with matching widths are not measured here: this build does not know such interactions.")
    return f"""## SpaceEvo: a block per stage

Six stages, {min(one['choices'] for one in spaceevo['fronts'])} to {max(one['choices'] for one in spaceevo['fronts'])} candidates at
each resolution, none left out. The loss is the sum of the stages' distillation losses, as in the authors' search, and the latency
the sum of the stages'; stem and head are in neither. Without widths, as in the authors' search of their tables, a stage
need not take as many channels as the one before gives; such a sum need not be a network. {widths}
**Pixel 4's latencies are themselves predicted** (nn-Meter); those of VNNI are sums of measured operators.
What is proved is proved of these tables, not of networks.

{points} limits, {proved} proved optimal, {confirmed} confirmed by the oracle in whole numbers{
    ' (and their widths fit)' if spaceevo['widths'] else ''}. `uniform` has no meaning here: candidates of different stages have no
name in common.

{table(FRONT_HEAD, front_rows(spaceevo['fronts']))}

![Loss within an INT8 latency, VNNI, resolution 192](tables-vnni-192{suffix}.svg)

![Loss within an INT8 latency, Pixel 4, resolution 192](tables-pixel4-192{suffix}.svg)

Three limits at once: a latency, and 0.7 times the operations and parameters of the best selection within that latency. The
oracle knows one limit only and has no word on these.

{table(['<Front', '<latency, operations, parameters', 'least loss', 'above latency alone', '<status', 'milliseconds', 'greedy'],
       spaceevo_together_rows(spaceevo['together']))}

### The authors' final spaces

Their search ended with a block type and a window of widths for each stage (VNNI 151122-023231, Pixel 4 122222-155400), which
leave about 330 of a stage's candidates. The least loss within a latency over all candidates and within these spaces, the
resolution in parentheses; every value proved optimal at all three resolutions. `random` is the best of 100,000 random networks of the
final space, as many as the authors' search draws to judge a space, and how far it is above the optimum of that space.
The authors looked for a good supernet, not for the least sum at one latency: a final space above the optimum is no error of theirs.

{table(['<Device', 'limit, ms', 'all', 'all, widths', 'final', 'above all', 'final, widths', 'above all, widths', 'random',
        'above final', 'greedy above all'], limit_rows(spaceevo['limits']))}
"""


def write(options, results):
    about = machine()
    (options.out / "tables.json").write_text(json.dumps({"machine": about, **compact(results)}, indent=1) + "\n")
    (options.out / "tables.md").write_text(f"""# Block selection on published tables

Written by `benchmarks/selection_tables.py`. {about['processor']}, {about['cores']} cores, shared with other work: times by the clock are longer than
they need be, some by several times. {about['date']}, commit {about['commit']}, Python {platform.python_version()}. One thread.
`processor` and `clock` are seconds of the whole command: reading the instance, baselines, and all limits.

The oracle of `benchmarks/exact_front.py` computes whole fronts by dynamic programming, without any solver: `confirmed` counts the
answers that it agrees with. Solvers are described in [docs/SELECTION.md](../../docs/SELECTION.md).

{hawq_text(results['hawq'])}
{spaceevo_text(results['spaceevo'])}""")
    print(f"wrote {options.out / 'tables.md'}")


def compact(results):
    """Without the points of fronts, which the plots show."""
    if isinstance(results, dict):
        return {key: compact(value) for key, value in results.items() if key != "points"}
    return [compact(value) for value in results] if isinstance(results, list) else results
