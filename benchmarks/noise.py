#!/usr/bin/env python3
"""What quantisation costs: signal-to-noise of INT8 outputs against the FP32 network, Quoin's beside ONNX Runtime's.

    noise.py QUOIN FOLDER [--pictures 8] [--limit 1.0] [--only NAME …]

FOLDER/fp32 holds the networks, FOLDER/int8 the same ones as ONNX Runtime's quantiser writes them (QDQ). Each is also
quantised by `quoin quantize` on the same random pictures. Both files run in both runtimes on other random pictures; the
FP32 outputs of ONNX Runtime are the signal, the differences from them the noise. Exits with 1 where Quoin's ratio is more
than LIMIT decibels below that of ONNX Runtime on the same file.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from conformance import ours


def pictures(model, count, seed):
    given = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0]
    return given.name, np.random.default_rng(seed).standard_normal([count] + list(given.shape[1:])).astype("f4")


def theirs(model, inputs):
    return onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"]).run(None, inputs)[0]


def decibels(found, signal):
    return float(10 * np.log10(np.sum(signal**2) / np.sum((found - signal) ** 2)))


def ratios(quoin, model, inputs, signal):
    found = next(iter(ours(quoin, model, inputs, ["--precision", "int8"]).values()))
    return decibels(found, signal), decibels(theirs(model, inputs), signal)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quoin")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--limit", type=float, default=1.0, help="decibels")
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    print("| Network | ONNX Runtime's file: Quoin | ONNX Runtime | Quoin's file: Quoin | ONNX Runtime |")
    print("| --- | ---: | ---: | ---: | ---: |")
    failures = 0
    for model in sorted((arguments.folder / "fp32").glob("*.onnx")):
        if arguments.only and model.stem not in arguments.only:
            continue
        name, samples = pictures(model, 4, seed=0)
        inputs = {name: pictures(model, arguments.pictures, seed=7)[1]}
        signal = theirs(model, inputs)
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "own.onnx"
            np.save(f"{folder}/samples.npy", samples)
            command = [arguments.quoin, "quantize", str(model), "--calibration", f"{folder}/samples.npy", "-o", str(own)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            rows = [ratios(arguments.quoin, file, inputs, signal) for file in (arguments.folder / "int8" / model.name, own)]
        failures += any(mine < other - arguments.limit for mine, other in rows)
        cells = " | ".join(f"{value:.1f}" for row in rows for value in row)
        print(f"| {model.stem} | {cells} |", flush=True)
    print(f"{failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
