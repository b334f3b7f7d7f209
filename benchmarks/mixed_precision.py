#!/usr/bin/env python3
"""Formats per layer of a network that was trained on the built-in images, under several budgets.

    mixed_precision.py QUOIN MODEL.onnx --out DIR [--samples N] OPTIONS

OPTIONS are those of `quoin mixed-precision`, such as `--speedup 1.5 --front 6`. Calibrates and measures errors on training images, and
counts the right answers of FP32, INT8 and the
chosen network on all test images. DIR gets results.json and results.md.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy

CLASSES = 10
TEST_IMAGES = 2000


def run(*arguments):
    return subprocess.run([str(one) for one in arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def accuracy(quoin, model, images, precision, folder):
    """The share of right answers; the classes of the built-in images come in turn."""
    run(quoin, "infer", model, "--input", f"image={images}", "--output-dir", folder, "--precision", precision)
    logits = numpy.load(folder / "logits.npy")
    return float((logits.argmax(1) == numpy.arange(TEST_IMAGES) % CLASSES).mean())


def decibels(noise):
    return "exact" if noise == 0 else f"{-10 * numpy.log10(noise):.1f}"


def rows(result):
    layers = len(result["layers"])
    for point in [result["chosen"], *result["baselines"], *result["front"]]:
        limit = f"{point['limit']:.3g}" if "limit" in point else ""
        mark = " (disturbed)" if point["disturbed"] else ""
        yield (
            f"| {point['method']} | {limit} | {len(point['bf16_layers'])} | {len(point['int8_layers'])} of {layers} "
            f"| {point['predicted_latency_ms']:.4f} | {point['measured_latency_ms']:.4f}{mark} "
            f"| {1e6 * point['predicted_error']:.0f} | {1e6 * point['measured_noise_to_signal']:.0f} "
            f"| {decibels(point['measured_noise_to_signal'])} |"
        )


def table(result):
    head = [
        "| Network | limit | layers in BF16 | in INT8 | predicted ms | measured ms | predicted noise, ppm | measured noise, ppm | dB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return "\n".join(head + list(rows(result)))


def report(answer):
    result, right = answer["result"], answer["accuracy"]
    return f"""{table(result)}

Took {result["seconds"]:.0f} s with {result["corrections"]} corrections of the limit. Of the {TEST_IMAGES} test images FP32 is right on
{100 * right["fp32"]:.2f} %, INT8 on {100 * right["int8"]:.2f} %, the chosen network on {100 * right["selection"]:.2f} %.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("quoin", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=32)
    options, extra = parser.parse_known_args()
    quoin, model = options.quoin.resolve(), options.model
    answer = {"accuracy": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calibration, test = folder / "calibration.npy", folder / "test.npy"
        run(quoin, "data", "samples", "glyphs", "-n", options.samples, "-o", calibration)
        run(quoin, "data", "samples", "glyphs", "-n", TEST_IMAGES, "--part", "test", "-o", test)
        run(quoin, "quantize", model, "--calibration", calibration, "-o", folder / "int8.onnx")
        answer["accuracy"]["fp32"] = accuracy(quoin, model, test, "fp32", folder)
        answer["accuracy"]["int8"] = accuracy(quoin, folder / "int8.onnx", test, "int8", folder)
        file = folder / "mixed.onnx"
        text = run(
            quoin, "mixed-precision", model, "--calibration", calibration, "-o", file, "--json",
            *extra)
        answer["result"] = result = json.loads(text)
        precision = "int8" if result["chosen"]["int8_layers"] else "fp32"
        answer["accuracy"]["selection"] = accuracy(quoin, file, test, precision, folder)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(answer, indent=1) + "\n")
    (options.out / "results.md").write_text(report(answer))
    print(report(answer))


if __name__ == "__main__":
    main()
