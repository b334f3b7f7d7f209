"""SpaceEvo's block tables (Wang et al., 2023; microsoft/Moonlit) as block-selection instances: six stages, each one of thousands
of candidates with a loss of distillation and an INT8 latency.

A network has one resolution, so that there is an instance for each; the stages' input sizes tell the resolution. With widths, the
number of channels that a stage gives is that of its last layer, and has to be the one that the next stage takes.
"""
import csv
import gzip
import random

import numpy as np

DEVICES = {"vnni": "block_lut_onnxw.csv.gz", "pixel4": "block_lut_mobilew.csv.gz"}
# The spaces that the authors' search ended with: block type and window of widths of each stage.
FINAL = {"vnni": ("151122", "023231"), "pixel4": ("122222", "155400")}
RESOLUTIONS = (160, 192, 224)
# How much smaller than the image a stage's input is.
STRIDE_BEFORE = {1: 2, 2: 4, 3: 8, 4: 16, 5: 16, 6: 32}
COSTS = ("int8_latency_ms", "flops_m", "params_m")
# Losses and latencies have four decimals.
SCALE = 10**4


def read(path):
    """Candidates by resolution and stage."""
    found = {resolution: {stage: [] for stage in STRIDE_BEFORE} for resolution in RESOLUTIONS}
    with gzip.open(path, "rt") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            stage = int(row["stage"])
            channels, height, _ = map(int, row["input_chw"].split("x"))
            found[height * STRIDE_BEFORE[stage]][stage].append({
                "name": f"{row['block_type']}.{row['width_window']}.{line}",
                "type": row["block_type"], "window": row["width_window"], "input": channels,
                "output": int(row["config"].rsplit("_", 1)[-1].split("#")[1]), "score": float(row["nsr_loss"]),
                "costs": {cost: float(row[cost]) for cost in COSTS}})
    return found


def within(stages, final):
    """The candidates of one space, such as the authors' final one."""
    return {stage: [one for one in candidates if (one["type"], one["window"]) == (final[0][stage - 1], final[1][stage - 1])]
            for stage, candidates in stages.items()}


def instance(stages, budgets, with_widths=False):
    def choice(one):
        tags = {"input": str(one["input"]), "output": str(one["output"])} if with_widths else {}
        return {"name": one["name"], "score": one["score"], "costs": one["costs"]} | tags
    made = {"sense": "minimize", "budgets": {name: {"max": most} for name, most in budgets.items()},
            "groups": [{"name": f"stage{stage}", "choices": [choice(one) for one in candidates]}
                       for stage, candidates in stages.items()]}
    if with_widths:
        made["interactions"] = [{"groups": [f"stage{stage}", f"stage{stage + 1}"], "matching": True}
                                for stage in list(stages)[:-1]]
    return made


def whole(value):
    return round(value * SCALE)


def pairs(candidates):
    """Latencies and losses as the oracle takes them."""
    return (np.array([whole(one["costs"]["int8_latency_ms"]) for one in candidates], np.int64),
            np.array([whole(one["score"]) for one in candidates], np.int64))


def free_arrays(stages):
    return [pairs(candidates) for candidates in stages.values()]


def matching_arrays(stages):
    made = []
    for candidates in stages.values():
        by_widths = {}
        for one in candidates:
            by_widths.setdefault((one["input"], one["output"]), []).append(one)
        made.append({widths: pairs(some) for widths, some in by_widths.items()})
    return made


def is_matching(stages, choices):
    """Whether the widths of an answer fit together."""
    picked = [next(one for one in candidates if one["name"] == choices[f"stage{stage}"])
              for stage, candidates in stages.items()]
    return all(one["output"] == following["input"] for one, following in zip(picked, picked[1:]))


def sampled(tables, final, limits, count=100_000):
    """The least loss within each limit among random networks of a space: as many as the authors' search draws to judge one."""
    draw = random.Random(f"{final} {count}")
    spaces = [[[(whole(one["costs"]["int8_latency_ms"]), whole(one["score"])) for one in candidates]
               for candidates in within(tables[resolution], final).values()] for resolution in RESOLUTIONS]
    best = {limit: None for limit in limits}
    for _ in range(count):
        picked = [draw.choice(candidates) for candidates in draw.choice(spaces)]
        latency, loss = sum(one[0] for one in picked), sum(one[1] for one in picked)
        for limit in limits:
            if latency <= whole(limit) and (best[limit] is None or loss < best[limit]):
                best[limit] = loss
    return {limit: None if loss is None else loss / SCALE for limit, loss in best.items()}
