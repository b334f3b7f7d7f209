#!/usr/bin/env python3
"""Latency with a batch of one: Quoin beside ONNX Runtime, alternating, on the same files.

    inference.py QUOIN FOLDER [--rounds 5] [--threads 1]

Prints for every model of FOLDER the medians over the rounds, their ratio, and how far Quoin is from what the machine's
multipliers could do.
"""
import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import onnxruntime


def measured(quoin, model, threads):
    command = [quoin, "measure", str(model), "--threads", str(threads), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Peer:
    def __init__(self, model, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        given = self.session.get_inputs()[0]
        shape = [1] + [int(side) for side in given.shape[1:]]
        self.inputs = {given.name: np.random.default_rng(1).uniform(0, 255, shape).astype("f4")}

    def milliseconds(self, seconds=1.0):
        for _ in range(10):
            self.session.run(None, self.inputs)
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 20:
            start = time.perf_counter()
            self.session.run(None, self.inputs)
            times.append(1e3 * (time.perf_counter() - start))
        return statistics.median(times)


def peak_gflops(quoin, threads):
    report = json.loads(subprocess.run([quoin, "doctor", "--json"], check=True, capture_output=True, text=True).stdout)
    return next((rate["peak_gigaflops"] for rate in report["rates"] if rate["threads"] == threads), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quoin")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    peak = peak_gflops(arguments.quoin, arguments.threads)
    print(f"ONNX Runtime {onnxruntime.__version__}, {arguments.threads} thread(s), {arguments.rounds} alternating rounds")
    for model in sorted(arguments.folder.glob("*.onnx")):
        peer = Peer(model, arguments.threads)
        ours, theirs, disturbed = [], [], 0
        for _ in range(arguments.rounds):
            answer = measured(arguments.quoin, model, arguments.threads)
            ours.append(answer["latency_ms"]["median"])
            disturbed += answer["disturbed"]
            theirs.append(peer.milliseconds())
        mine, other = statistics.median(ours), statistics.median(theirs)
        limit = f", limit by arithmetic {2e-6 * answer['macs'] / peak:.3f} ms" if peak else ""
        print(
            f"{model.stem:10} quoin {mine:7.3f} ms, ONNX Runtime {other:7.3f} ms, ratio {mine / other:.2f} "
            f"({answer['macs'] / 1e6:.1f} M MACs{limit}; disturbed {disturbed}/{arguments.rounds})")


if __name__ == "__main__":
    main()
