#!/usr/bin/env python3
"""Quantises networks with ONNX Runtime's own tool, so that all runtimes are compared on files that suit the peer.

    quantise.py FOLDER OUT

Per-channel signed weights, per-tensor unsigned values, ranges from random pictures (the weights are random too).
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Pictures(CalibrationDataReader):
    def __init__(self, name, shape):
        generator = np.random.default_rng(0)
        self.pictures = iter([{name: generator.standard_normal(shape).astype("f4")} for _ in range(4)])

    def get_next(self):
        return next(self.pictures, None)


def main():
    source, target = map(Path, sys.argv[1:3])
    target.mkdir(parents=True, exist_ok=True)
    for model in sorted(source.glob("*.onnx")):
        output = target / model.name
        if output.exists():
            continue
        given = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"]).get_inputs()[0]
        shape = [1] + [int(side) for side in given.shape[1:]]
        with tempfile.TemporaryDirectory() as folder:
            prepared, unfinished = Path(folder) / "prepared.onnx", Path(folder) / "quantised.onnx"
            quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared), str(unfinished), Pictures(given.name, shape), quant_format=QuantFormat.QDQ,
                per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
            output.write_bytes(unfinished.read_bytes())
        print(f"{model.stem}: {output.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
