#!/usr/bin/env python3
"""Outputs of Quoin beside those of ONNX Runtime in FP32, on the same files and random pictures.

    conformance.py QUOIN FOLDER [--batch 1] [--limit 1e-4] [--only NAME …]

Prints for every model of FOLDER the largest difference relative to the output's largest magnitude. Exits with 1 where
one exceeds the limit or a model is refused.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime


def picture(given, batch, seed=1):
    """Random pixels of the extents that the file states; an open batch is `batch`."""
    extents = [side if isinstance(side, int) else None for side in given.shape]
    shape = [extents[0] or batch] + extents[1:]
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def theirs(model, batch):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    inputs = {given.name: picture(given, batch, seed) for seed, given in enumerate(session.get_inputs(), 1)}
    names = [value.name for value in session.get_outputs()]
    return inputs, dict(zip(names, session.run(names, inputs)))


def ours(quoin, model, inputs, arguments=()):
    with tempfile.TemporaryDirectory() as folder:
        command = [quoin, "infer", str(model), "--output-dir", folder, *arguments]
        for number, (name, array) in enumerate(inputs.items()):
            np.save(f"{folder}/given{number}.npy", array)
            command += ["--input", f"{name}={folder}/given{number}.npy"]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode:
            raise RuntimeError(" ".join(answer.stderr.split())[:400] or f"exit {answer.returncode}")
        return {path.stem: np.load(path) for path in Path(folder).glob("*.npy") if not path.stem.startswith("given")}


def difference(quoin, model, batch, arguments=()):
    """The largest difference over all outputs, each relative to its largest magnitude."""
    inputs, expected = theirs(model, batch)
    found = ours(quoin, model, inputs, arguments)
    worst = 0.0
    for name, array in expected.items():
        mine = found[name.replace("/", "_")]
        if mine.shape != array.shape:
            raise RuntimeError(f"{name} is {mine.shape}, not {array.shape}")
        error = float(np.max(np.abs(mine - array)) / np.max(np.abs(array)))
        worst = max(worst, error if np.isfinite(error) else np.inf)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quoin")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=1, help="where the file leaves it open")
    parser.add_argument("--limit", type=float, default=1e-4)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    failures = 0
    for model in sorted(arguments.folder.glob("*.onnx")):
        if arguments.only and model.stem not in arguments.only:
            continue
        try:
            error = difference(arguments.quoin, model, arguments.batch)
            text, good = f"{error:.1e}", error <= arguments.limit
        except Exception as problem:
            text, good = str(problem), False
        failures += not good
        print(f"{model.stem:28} {text}{'' if good else '  FAILED'}", flush=True)
    print(f"{failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
