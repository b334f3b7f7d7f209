#!/usr/bin/env python3
"""Latency with a batch of one: Quoin beside ONNX Runtime and OpenVINO, alternating, on the same files.

    inference.py QUOIN FOLDER [--out DIR] [--threads 1 2] [--precision fp32 int8] [--rounds 3] [--only NAME …]

FOLDER/fp32 holds the networks; FOLDER/int8 the same ones quantised (QDQ). Every round times the three runtimes one after
the other on every network. Printed are medians over the rounds and the ratios of these medians; DIR gets results.json and
a README.md with the tables.
"""
import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import onnxruntime
import openvino

TARGETS = {("fp32", "ort"): 0.85, ("fp32", "ov"): 1.00, ("int8", "ort"): 0.80, ("int8", "ov"): 1.00}
PEERS = {"ort": "ONNX Runtime", "ov": "OpenVINO"}


def median_milliseconds(run, seconds):
    """The median of single runs, after a warm-up."""
    for _ in range(10):
        run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 20:
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def onnx_runtime(model, threads, picture):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: picture}
    return lambda: session.run(None, inputs)


def open_vino(model, threads, picture, cache=openvino.Core()):
    network = cache.read_model(str(model))
    network.reshape(list(picture.shape))
    settings = {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
        # Otherwise FP32 networks run in BF16 where the processor has it.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = cache.compile_model(network, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(picture, shared_memory=True))
    return request.infer


def quoin(executable, model, threads, precision):
    command = [executable, "measure", str(model), "--threads", str(threads), "--precision", precision, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def picture_for(model):
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    sides = [side if isinstance(side, int) else 1 for side in session.get_inputs()[0].shape]
    return np.random.default_rng(1).standard_normal([1] + sides[1:]).astype("f4")


def measured(arguments, precision, threads, model):
    """One row: the medians of all rounds."""
    picture = picture_for(model)
    peers = {"ort": onnx_runtime(model, threads, picture), "ov": open_vino(model, threads, picture)}
    times = {"quoin": [], "ort": [], "ov": []}
    disturbed = 0
    for _ in range(arguments.rounds):
        answer = quoin(arguments.quoin, model, threads, precision)
        times["quoin"].append(answer["latency_ms"]["median"])
        disturbed += answer["disturbed"]
        for name, run in peers.items():
            times[name].append(median_milliseconds(run, arguments.seconds))
    row = {name: statistics.median(values) for name, values in times.items()}
    row |= {"name": model.stem, "precision": precision, "threads": threads, "rounds": times, "disturbed": disturbed}
    row |= {key: answer[key] for key in ("macs", "parameters", "weight_bytes", "peak_activation_bytes", "isa")}
    return row


def machine(executable):
    report = json.loads(subprocess.run([executable, "doctor", "--json"], check=True, capture_output=True, text=True).stdout)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    return {
        "doctor": report, "commit": commit, "system": platform.platform(), "cores": os.cpu_count(),
        "onnxruntime": onnxruntime.__version__, "openvino": openvino.__version__.split("-")[0],
        "date": time.strftime("%Y-%m-%d"),
    }


def limit(row, description):
    """The roofline, in milliseconds: two operations per multiply-accumulate at the measured peak, or reading the weights once
    from memory at the measured rate, whichever takes longer."""
    for rate in description["doctor"]["rates"]:
        if rate["threads"] == row["threads"]:
            peak = rate["peak_gigaflops"] if row["precision"] == "fp32" else rate.get("peak_byte_gigaops")
            memory = 1e-6 * row["weight_bytes"] / rate["read_gigabytes_per_second"]
            return max(2e-6 * row["macs"] / peak, memory) if peak else None
    return None


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def section(rows, precision, threads, description):
    rows = [row for row in rows if (row["precision"], row["threads"]) == (precision, threads)]
    lines = [
        f"## {precision.upper()}, {threads} thread{'s' if threads > 1 else ''}", "",
        "| Network | Quoin ms | ONNX Runtime ms | OpenVINO ms | of ONNX Runtime | of OpenVINO | of the roofline |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        least = limit(row, description)
        share = f"{100 * least / row['quoin']:.0f} %" if least else "–"
        noted = f" ({row['disturbed']} of {len(row['rounds']['quoin'])} disturbed)" if row["disturbed"] else ""
        lines.append(
            f"| {row['name']}{noted} | {row['quoin']:.3f} | {row['ort']:.3f} | {row['ov']:.3f} "
            f"| {row['quoin'] / row['ort']:.2f} | {row['quoin'] / row['ov']:.2f} | {share} |")
    means = {peer: geometric_mean([row["quoin"] / row[peer] for row in rows]) for peer in PEERS}
    lines.append(f"| **geometric mean** | | | | **{means['ort']:.2f}** | **{means['ov']:.2f}** | |")
    return lines + [""], means


def report(rows, description, configurations):
    doctor = description["doctor"]
    summary = ["| | of ONNX Runtime | target | of OpenVINO | target |", "| --- | ---: | ---: | ---: | ---: |"]
    details = []
    for precision, threads in configurations:
        lines, means = section(rows, precision, threads, description)
        details += lines
        summary.append(
            f"| {precision.upper()}, {threads} thread{'s' if threads > 1 else ''} | {means['ort']:.2f} "
            f"| ≤ {TARGETS[precision, 'ort']:.2f} | {means['ov']:.2f} | ≤ {TARGETS[precision, 'ov']:.2f} |")
    heading = [
        "# Inference speed", "",
        "Written by `make bench`: latencies with a batch of one, medians of alternating rounds in one run; ratios of medians,",
        "smaller is better for Quoin. The same ONNX files in all runtimes; OpenVINO is set to f32 where FP32 is compared. INT8",
        "files are written by ONNX Runtime's own quantiser (QDQ, per-channel weights). The roofline is the longer of all",
        "multiplications at the measured peak and of reading the weights once from memory at the measured rate; Winograd",
        "convolutions multiply less than the count says, and weights that stay in a cache are not read, so that shares above",
        "100 % occur. Where the machine was disturbed when its rates were measured, shares are too high.", "",
        f"- {doctor['cpu']['name']}, {description['cores']} cores, {description['system']}, {description['date']}, "
        f"commit {description['commit']}",
        f"- ONNX Runtime {description['onnxruntime']}, OpenVINO {description['openvino']}",
    ]
    for rate in doctor["rates"]:
        extra = f", {rate['peak_byte_gigaops']:.0f} G operations/s on bytes" if rate.get("peak_byte_gigaops") else ""
        heading.append(
            f"- {rate['threads']} thread(s): {rate['peak_gigaflops']:.0f} GFLOP/s FP32{extra}, reads "
            f"{rate['read_gigabytes_per_second']:.1f} GB/s")
    return "\n".join(heading + [""] + summary + [""] + details)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quoin")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--precision", nargs="*", choices=["fp32", "int8"], default=["fp32", "int8"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of timing per peer and round")
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    description = machine(arguments.quoin)
    configurations = [(precision, threads) for precision in arguments.precision for threads in arguments.threads]
    rows = []
    jobs = [
        (precision, threads, model)
        for precision, threads in configurations
        for model in sorted((arguments.folder / precision).glob("*.onnx"))
        if not arguments.only or model.stem in arguments.only
    ]
    begin = time.perf_counter()
    for number, (precision, threads, model) in enumerate(jobs):
        row = measured(arguments, precision, threads, model)
        rows.append(row)
        left = (time.perf_counter() - begin) / (number + 1) * (len(jobs) - number - 1)
        print(
            f"{number + 1}/{len(jobs)} {precision} {threads}t {row['name']:20} quoin {row['quoin']:8.3f} ms, ONNX Runtime "
            f"{row['ort']:8.3f} ({row['quoin'] / row['ort']:.2f}), OpenVINO {row['ov']:8.3f} "
            f"({row['quoin'] / row['ov']:.2f}); {left / 60:.0f} min left", flush=True)
    text = report(rows, description, configurations)
    print(text)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "results.json").write_text(json.dumps({"machine": description, "rows": rows}, indent=1) + "\n")
        (arguments.out / "README.md").write_text(text)


if __name__ == "__main__":
    main()
