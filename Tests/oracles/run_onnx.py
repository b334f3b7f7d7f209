"""Checks ONNX models and runs them with ONNX Runtime.

    run_onnx.py [--literal] FOLDER...

A folder holds model.onnx and an array NAME.input.npy for every input; NAME.output.npy is written for every output.
With --literal no node is replaced by others.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def run(folder: Path, is_literal: bool) -> None:
    path = folder / "model.onnx"
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if is_literal:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {value.name: np.load(folder / f"{value.name}.input.npy") for value in session.get_inputs()}
    names = [value.name for value in session.get_outputs()]
    for name, array in zip(names, session.run(names, inputs), strict=True):
        np.save(folder / f"{name}.output.npy", array)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    is_literal = arguments[:1] == ["--literal"]
    for argument in arguments[is_literal:]:
        try:
            run(Path(argument), is_literal)
        except Exception as error:
            sys.exit(f"{argument}: {error}")
