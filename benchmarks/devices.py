#!/usr/bin/env python3
"""Latency prediction on this machine: predictors of its devices, on networks that they were not fitted on.

    devices.py QUOIN FIT TEST [--out DIR] [--few 20]

FIT and TEST are folders that `quoin device collect` wrote. Every device with samples in both gets a predictor, fitted on FIT and
compared with TEST; networks in both are left out. With `--few` each device is also taken for a new one: fitted on so many networks
only, those that teach most, starting from the predictors of all others. DIR gets devices.json, devices.md, a plot, and
the predictors in DIR/predictors.

The noise ceiling is how often one undisturbed measurement lies within 5 % and 10 % of the middle of the other undisturbed ones of
the same network, over all networks of TEST that were measured at least twice in calm.
"""
import argparse
import bisect
import hashlib
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

# Seconds without a measurement that begin another hour.
PAUSE = 1800
# More rows than there are.
EVERY = 1_000_000


def samples(folder):
    """Measurements by device and network."""
    connection = sqlite3.connect(f"file:{folder}/samples.sqlite?mode=ro", uri=True)
    found = {}
    for kind, key, text in connection.execute("SELECT kind, key, json FROM fact WHERE kind LIKE 'latency on %'"):
        network = key.rsplit("/", 1)[0]
        found.setdefault(kind.removeprefix("latency on "), {}).setdefault(network, []).append(json.loads(text))
    return found


def ceiling(networks):
    """How well a measurement predicts the middle of others of the same network."""
    errors = []
    for measurements in networks.values():
        calm = [one["latency"]["median"] for one in measurements if not one["latency"]["disturbed"]]
        if len(calm) < 2:
            continue
        for position, value in enumerate(calm):
            middle = statistics.median(calm[:position] + calm[position + 1:])
            errors.append(abs(value / middle - 1))
    if not errors:
        return None
    within = lambda limit: sum(error <= limit for error in errors) / len(errors)
    return {"measurements": len(errors), "within_5": within(0.05), "within_10": within(0.10)}


def effort(networks):
    measurements = [one for several in networks.values() for one in several]
    return {
        "networks": len(networks), "measurements": len(measurements),
        "calm_networks": sum(any(not one["latency"]["disturbed"] for one in several) for several in networks.values()),
        "seconds": sum(seconds(one) for one in measurements), "stretches": stretches(networks)}


def calm_times(networks):
    return sorted(one["time"] for several in networks.values() for one in several if not one["latency"]["disturbed"])


def stretches(networks):
    """When the undisturbed measurements were made: stretches without a pause of half an hour."""
    times = calm_times(networks)
    starts = [0] + [position for position in range(1, len(times)) if times[position] - times[position - 1] > PAUSE]
    ends = starts[1:] + [len(times)]
    clock = lambda moment: time.strftime("%H:%M", time.gmtime(moment))
    return [{"from": clock(times[start]), "to": clock(times[end - 1]), "measurements": end - start}
            for start, end in zip(starts, ends)]


def when(effort):
    return ", ".join(f"{one['from']}–{one['to']} ({one['measurements']})" for one in effort["stretches"])


def space_names():
    """The names of the product's search spaces by the families of their networks."""
    return {hashlib.sha256(file.read_bytes()).hexdigest()[:16]: file.stem for file in Path("searchspaces").glob("*.yaml")}


def seconds(one):
    """How long a measurement took, without waiting for a calm machine."""
    return (one.get("seconds") or 0) - (one["latency"].get("disturbedSeconds") or 0)


def measurements_covered(rows, fit, test):
    """How many single undisturbed measurements lie in the intervals of their networks: all of them, and those that
    were made half an hour or more from any measurement of FIT."""
    known = calm_times(fit)
    everywhere, elsewhere = [], []
    for row in rows:
        for one in test[row["key"]]:
            if one["latency"]["disturbed"]:
                continue
            covered = row["lower"] <= one["latency"]["median"] <= row["upper"]
            everywhere.append(covered)
            after = bisect.bisect(known, one["time"])
            if all(abs(time - one["time"]) >= PAUSE for time in known[max(0, after - 1):after + 1]):
                elsewhere.append(covered)
    share = lambda covered: statistics.mean(covered) if covered else None
    return {"measurements": len(everywhere), "coverage": share(everywhere), "in_other_hours": len(elsewhere),
            "coverage_in_other_hours": share(elsewhere)}


def coverage_table(answers):
    rows = [
        f"| {device} | {percent(one['test']['all']['interval_coverage'])} | {percent(one['single']['coverage'])} "
        f"({one['single']['measurements']}) | {percent(one['single']['coverage_in_other_hours'])} "
        f"({one['single']['in_other_hours']}) |" for device, one in answers.items()]
    def mean(cover):
        values = [cover(one) for one in answers.values() if cover(one) is not None]
        return percent(statistics.mean(values) if values else None)
    means = [mean(lambda one: one["test"]["all"]["interval_coverage"]), mean(lambda one: one["single"]["coverage"]),
             mean(lambda one: one["single"]["coverage_in_other_hours"])]
    return f"""
## Intervals

An interval is for one measurement, in an hour of which nothing is known. The middle of several measurements of a network varies less.

| Device | middle of a network's measurements | single measurements (how many) | single, half an hour or more from those to fit |
| --- | ---: | ---: | ---: |
""" + "\n".join(rows) + f"\n| mean | {' | '.join(means)} |\n"


def quoin(program, *arguments):
    run = subprocess.run([program, *map(str, arguments), "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout)


def taken_for_new(options, devices, predictors):
    """Each device fitted on a few networks, starting from the predictors of the others, and compared with TEST."""
    answers = {}
    for device in devices:
        bases = ",".join(str(predictors / other) for other in devices if other != device)
        with tempfile.TemporaryDirectory() as folder:
            fitted = quoin(options.quoin, "predictor", "fit", options.fit, "--device", device, "--networks", options.few,
                           "--base", bases, "-o", f"{folder}/predictor")
            compared = quoin(options.quoin, "predictor", "evaluate", options.test, f"{folder}/predictor",
                             "--exclude", options.fit)
        del fitted["output"]
        answers[device] = {"fit": fitted, "test": compared["devices"][0]}
    return answers


def few_table(count, answers):
    cells = lambda test: (f"{test['samples']} | {percent(test['mape'])} | {percent(test['within_5'])} "
                          f"| {percent(test['within_10'])} | {percent(test['interval_coverage'])}")
    return f"""
## As new devices

Each device fitted on {count} of its networks only, those that cover most of all networks' operators, starting from the predictors
of all others.

| Device | networks to test | mean error | within 5 % | within 10 % | in the 90 % interval |
| --- | ---: | ---: | ---: | ---: | ---: |
""" + "\n".join(f"| {device} | {cells(one['test']['all'])} |" for device, one in answers.items()) + "\n"


def percent(value):
    return "–" if value is None else f"{100 * value:.1f} %"


def row(device, fitted, test, noise, seconds):
    return (f"| {device} | {fitted['samples']} | {seconds / 60:.1f} | {test['samples']} | {percent(test['mape'])} "
            f"| {percent(test['within_5'])} | {percent(test['within_10'])} | {percent(test['interval_coverage'])} "
            f"| {percent(noise and noise['within_5'])} | {percent(noise and noise['within_10'])} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quoin")
    parser.add_argument("fit")
    parser.add_argument("test")
    parser.add_argument("--out", default="experiments/latency-prediction", type=Path)
    parser.add_argument("--few", type=int, default=0, help="networks of a device that is taken for a new one")
    options = parser.parse_args()
    # Before anything is written.
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    fit, test = samples(options.fit), samples(options.test)
    devices = sorted(device for device in fit if device in test)
    predictors = options.out / "predictors"
    answers, rows = {}, []
    for device in devices:
        start = time.time()
        fitted = quoin(options.quoin, "predictor", "fit", options.fit, "--device", device, "-o", predictors / device)
        answers[device] = {"fit": fitted, "fit_effort": effort(fit[device]), "test_effort": effort(test[device]),
                           "noise_ceiling": ceiling(test[device]), "fit_seconds": time.time() - start}
        print(device, fitted["cross_validation"], flush=True)
    compared = quoin(options.quoin, "predictor", "evaluate", options.test, *[predictors / device for device in devices],
                     "--exclude", options.fit, "--plot", options.out / "devices.svg", "--worst", EVERY)
    for answer in compared["devices"]:
        one, device = answers[answer["device"]], answer["device"]
        rows_of_test = answer["worst"]
        one["single"] = measurements_covered(rows_of_test, fit[device], test[device])
        answer["worst"] = rows_of_test[:5]
        one["test"] = answer
        rows.append(row(answer["device"], one["fit"], answer["all"], one["noise_ceiling"], one["fit_effort"]["seconds"]))
    pooled = compared["pooled_coverage"]
    few = taken_for_new(options, devices, predictors) if options.few and len(devices) > 1 else {}
    machine = {"processor": next(iter(fit[devices[0]].values()))[0]["device"]["cpu"], "cores": os.cpu_count(),
               "system": platform.system(), "date": time.strftime("%Y-%m-%d"), "commit": commit}
    (options.out / "devices.json").write_text(
        json.dumps({"machine": machine, "pooled_coverage": pooled, "devices": answers, "as_new": few},
                   indent=1, sort_keys=True) + "\n")
    docs = os.path.relpath("docs", options.out)
    names = space_names()
    families = sorted({family for answer in compared["devices"] for family in answer["families"]})
    (options.out / "devices.md").write_text(f"""# Latency prediction on the devices of one machine

Written by `benchmarks/devices.py`. {machine['processor']}, {machine['cores']} cores, a virtual machine with neighbours;
{machine['date']}, commit {commit}. Networks are measured by the protocol of [docs/MEASURING.md]({docs}/MEASURING.md); the
predictor is that of [docs/PREDICTORS.md]({docs}/PREDICTORS.md). Networks that were disturbed in every measurement are left
out, and no network of the test took part in fitting.

| Device | networks to fit | minutes of measuring | networks to test | mean error | within 5 % | within 10 % | in the 90 % interval | one measurement within 5 % of others | within 10 % |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
""" + "\n".join(rows) + f"""

Over these devices {percent(pooled)} lie in their 90 % intervals.

![Predicted over measured latencies](devices.svg)

## When

Undisturbed measurements by the time of day (UTC).

| Device | to fit | to test |
| --- | --- | --- |
""" + "\n".join(
        f"| {device} | {when(one['fit_effort'])} | {when(one['test_effort'])} |" for device, one in answers.items()) + f"""

## By family

Within 10 % (and 5 %); `single networks` are published ones, the others search spaces.

| Device | {' | '.join(names.get(family, family) for family in families)} |
| --- | {' | '.join('---:' for _ in families)} |
""" + "\n".join(
        f"| {answer['device']} | " + " | ".join(
            f"{percent(answer['families'][f]['within_10'])} ({percent(answer['families'][f]['within_5'])})"
            if f in answer["families"] else "–" for f in families) + " |"
        for answer in compared["devices"]) + "\n" + coverage_table(answers) + (few_table(options.few, few) if few else ""))
    print((options.out / "devices.md").read_text())


if __name__ == "__main__":
    main()
