#!/usr/bin/env python3
"""Few-shot latency prediction on public measurements: `quoin predictor benchmark` over HELP's and NASFLAT's splits.

    transfer.py QUOIN DATA [--out DIR] [--set development|test] [--repeats 10] [--seed 1] [--only TEXT]

DATA holds nb201_latency.csv.gz, fbnet_latency.csv.gz, ofa_latency.csv.gz with their JSON documents, and splits.json with the
splits of HELP (Lee et al., 2021) and NASFLAT (Akhauri and Abdelfattah, 2024). `development` judges on HELP's validation devices,
which constants may be chosen on; `test` on the others. DIR gets results.json, README.md and plots. With `--only`, tasks whose
title contains TEXT are run, and the others are taken from DIR/results.json.
"""
import argparse
import json
import math
import subprocess
import time
from pathlib import Path

SAMPLES = {"nb201": 900, "fbnet": 4000, "ofa": 4000}
NAMES = {"nb201": "NAS-Bench-201", "fbnet": "FBNet", "ofa": "Once-for-All"}
GPUS = [f"{gpu}_{batch}" for gpu in ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp") for batch in (1, 32, 256)]
CPUS = ["silver_4114", "silver_4210r", "gold_6226", "gold_6240"]
PHONES = ["samsung_a50", "samsung_s7", "essential_ph_1", "pixel2", "pixel3"]
OTHERS = ["raspi4", "eyeriss", "fpga"]


def job(title, space, sources, targets, references, samples, trim=0.0, target=None, plot=None, method="transfer"):
    return {"title": title, "space": space, "sources": sources, "targets": targets, "references": references,
            "samples": samples, "trim": trim, "target": target, "plot": plot, "method": method}


def help_jobs(splits, part):
    limits = {("nb201", 0.0): 0.957, ("nb201", 0.1): 0.935, ("fbnet", 0.0): 0.97} if part == "meta_test" else {}
    jobs = []
    for space in SAMPLES:
        split = splits["help"][space]
        for trim in (0.0, 0.1):
            title = f"HELP, {NAMES[space]}" + (", without the outer tenths" if trim else "")
            jobs.append(job(title, space, split["meta_train"], split[part], split["hardware_embedding_archs"], 10, trim,
                            limits.get((space, trim)), None if trim or space == "ofa" else f"{space}-help.svg"))
    return jobs


def network_jobs(jobs):
    """The tasks of HELP again, by its meta-learned network."""
    return [dict(task, title=f"{task['title']}, by HELP's network", target=None, plot=None, method="help")
            for task in jobs if task["space"] != "ofa"]


def nasflat_jobs(splits):
    jobs = []
    for name in ("ND", "FD", "F1", "F2", "F3", "F4", "FA"):
        task = splits["nasflat_tasks"][name]
        references = splits["help"][task["space"]]["hardware_embedding_archs"]
        jobs.append(job(f"NASFLAT {name}", task["space"], task["train"], task["test"], references, 10,
                        plot="fbnet-f1.svg" if name == "F1" else None))
    return jobs


def hard_jobs():
    jobs = []
    for samples, first, second in ((10, 0.82, 0.92), (20, 0.87, 0.94), (50, 0.92, 0.97)):
        jobs.append(job(f"from GPUs to all others, {samples} samples", "nb201", GPUS, CPUS + PHONES + OTHERS, [], samples,
                        target=first, plot="nb201-from-gpus.svg" if samples == 20 else None))
        jobs.append(job(f"from phones and CPUs to GPUs, {samples} samples", "nb201", CPUS + PHONES, GPUS, [], samples,
                        target=second))
    return jobs


def run(arguments, job):
    first = SAMPLES[job["space"]]
    command = [
        arguments.quoin, "predictor", "benchmark", str(arguments.data / f"{job['space']}_latency.csv.gz"), "--json",
        "--train-devices", ",".join(job["sources"]), "--test-devices", ",".join(job["targets"]),
        "--source-samples", str(first), "--samples", str(job["samples"]), "--test-rows", f"{first}:{first + 1000}",
        "--trim", str(job["trim"]), "--repeats", str(arguments.repeats), "--seed", str(arguments.seed),
        "--method", job["method"]]
    if arguments.out and job["plot"]:
        command += ["--plot", str(arguments.out / job["plot"])]
    if job["references"]:
        command += ["--references", ",".join(map(str, job["references"]))]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)


def summary(results):
    lines = ["| Task | Spearman | target | within 10 % | in the 90 % interval | seconds |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for job, answer in results:
        mean, width = answer["mean"], answer.get("spearman_half_width_95")
        target = f"> {job['target']}" if job["target"] else ""
        spread = f" ± {width:.4f}" if width is not None else ""
        lines.append(
            f"| {job['title']} | {mean['spearman']:.4f}{spread} | {target} | {100 * mean['within_10']:.0f} % "
            f"| {100 * mean['interval_90_coverage']:.0f} % | {answer['seconds']:.0f} |")
    tasks = [answer["mean"]["spearman"] for job, answer in results if job["title"].startswith("NASFLAT")]
    if tasks:
        mean = math.exp(sum(map(math.log, tasks)) / len(tasks))
        lines.append(f"| **NASFLAT, geometric mean of {len(tasks)} tasks** | **{mean:.4f}** | > 0.86 | | | |")
    return lines


def origin(results):
    """Which tasks were run with which commit."""
    commits = {}
    for _, answer in results:
        commits[answer["commit"]] = commits.get(answer["commit"], 0) + 1
    return ", ".join(f"{count} tasks with commit {commit}" for commit, count in commits.items())


def plots(results):
    lines = ["## Predicted and measured", "", "The first repeat, points thinned out evenly; axes are logarithmic where latencies differ by more than 20 times.", ""]
    for job, _ in results:
        if job["plot"]:
            lines += [f"![{job['title']}]({job['plot']})", "", f"*{job['title']}*", ""]
    return lines


def details(results):
    lines = []
    for job, answer in results:
        lines += [f"### {job['title']}", "",
                  "| Device | Spearman | Kendall | mean error | within 5 % | within 10 % | in the 90 % interval |",
                  "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
        for name in job["targets"]:
            figures = answer["devices"][name]
            lines.append(
                f"| {name} | {figures['spearman']:.4f} | {figures['kendall']:.4f} | {100 * figures['mape']:.1f} % "
                f"| {100 * figures['within_5']:.0f} % | {100 * figures['within_10']:.0f} % "
                f"| {100 * figures['interval_90_coverage']:.0f} % |")
        lines.append("")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quoin")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--set", choices=["development", "test"], default="test")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="run the tasks whose title contains this; needs --out with results")
    arguments = parser.parse_args()
    if arguments.only and not arguments.out:
        parser.error("--only needs --out with the results of the other tasks")
    splits = json.loads((arguments.data / "splits.json").read_text())
    part = {"development": "meta_valid", "test": "meta_test"}[arguments.set]
    jobs = help_jobs(splits, part)
    if arguments.set == "test":
        jobs += nasflat_jobs(splits) + hard_jobs()
    jobs += network_jobs(help_jobs(splits, part))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
    known = {}
    if arguments.only:
        known = {entry["task"]["title"]: entry["answer"] for entry in json.loads((arguments.out / "results.json").read_text())}
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    results = []
    for number, task in enumerate(jobs):
        if arguments.only and arguments.only not in task["title"]:
            if task["title"] in known:
                results.append((task, known[task["title"]]))
            continue
        answer = dict(run(arguments, task), commit=commit)
        results.append((task, answer))
        print(f"{number + 1}/{len(jobs)} {task['title']}: {answer['mean']['spearman']:.4f}", flush=True)
    print("\n".join(summary(results)))
    if arguments.out:
        text = ["# Few-shot latency prediction on public measurements", "",
                "Written by `benchmarks/transfer.py`. Source devices are known in 900 (NAS-Bench-201) or 4,000 rows; on a new device",
                "HELP's ten reference architectures and ten random ones are measured, or as many random ones as stated; the next 1,000 rows",
                "are predicted. Means over the new devices and repeats, ± half the 95 % interval over the repeats.",
                "The method and how its constants were chosen: [docs/TRANSFER.md](../../docs/TRANSFER.md).", "",
                f"{arguments.repeats} repeats, seed {arguments.seed}, {time.strftime('%Y-%m-%d')}; {origin(results)}.", ""]
        text += summary(results) + [""] + plots(results) + ["## By device", ""] + details(results)
        (arguments.out / "README.md").write_text("\n".join(text))
        (arguments.out / "results.json").write_text(
            json.dumps([{"task": task, "answer": answer} for task, answer in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
