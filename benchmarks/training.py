#!/usr/bin/env python3
"""Repeats a training step with PyTorch, compares it, and times it.

    training.py FOLDER [--repeats N]

FOLDER holds probe.json and probe.bin as `quoin-bench training` writes them. Differences are relative to the largest element of a
tensor, against PyTorch in FP64. FP32 itself is up to some per cent off in a few tensors of these networks, in
PyTorch too, so the worst tensor is judged beside PyTorch's own FP32. Why, and why Quoin is further off than PyTorch on some
networks, is not known yet; rectifiers whose argument is 0 but for rounding are one guess. Exits with 1 where the median tensor differs by more than
TOLERANCE, or the worst by more than that and ten times PyTorch's own worst.
"""
import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

TOLERANCE = 1e-3


def padded(x, padding, value=0.0):
    top, left, bottom, right = (int(p) for p in padding)
    return F.pad(x, (left, right, top, bottom), value=value)


def integers(values):
    return tuple(int(v) for v in values)


def pool(op, x, n):
    kernel, stride = integers(n["kernel"]), integers(n["stride"])
    if op == "maxPool":
        return F.max_pool2d(padded(x, n["padding"], -torch.inf), kernel, stride)
    # The average leaves padding out of its count.
    ones = padded(torch.ones_like(x[:1, :1]), n["padding"])
    return F.avg_pool2d(padded(x, n["padding"]), kernel, stride) / F.avg_pool2d(ones, kernel, stride)


def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


def evaluate(node, x, p):
    """The value of a node from its operands `x` and parameters `p`, with batch statistics."""
    n = node["numbers"]
    match node["op"]:
        case "normalize":
            return (x[0] - torch.tensor(n["mean"]).view(1, -1, 1, 1)) / torch.tensor(n["deviation"]).view(1, -1, 1, 1)
        case "resize":
            return F.interpolate(x[0], integers(n["size"]), mode="bilinear", align_corners=False)
        case "convolution":
            t, l, b, r = integers(n["padding"])
            same = t == b and l == r
            image = x[0] if same else padded(x[0], n["padding"])
            return F.conv2d(
                image, p[0], p[1] if len(p) > 1 else None, integers(n["stride"]), (t, l) if same else 0,
                integers(n["dilation"]), int(n["groups"][0]))
        case "batchNorm":
            return F.batch_norm(x[0], None, None, p[0], p[1], training=True, eps=n["epsilon"][0])
        case "identity":
            return x[0]
        case "relu":
            return F.relu(x[0])
        case "relu6":
            return F.relu6(x[0])
        case "hswish":
            return F.hardswish(x[0])
        case "hsigmoid":
            return F.hardsigmoid(x[0])
        case "swish":
            return F.silu(x[0])
        case "sigmoid":
            return torch.sigmoid(x[0])
        case "add":
            return x[0] + x[1]
        case "multiply":
            return x[0] * x[1]
        case "maxPool" | "averagePool":
            return pool(node["op"], x[0], n)
        case "globalAveragePool":
            return x[0].mean((2, 3), keepdim=True)
        case "flatten":
            return x[0].flatten(1)
        case "linear":
            return F.linear(x[0], p[0], p[1] if len(p) > 1 else None)
        case "concat":
            return torch.cat(x, 1)
        case "channelShuffle":
            return shuffle(x[0], int(n["groups"][0]))
        case "channelSlice":
            begin, end = integers(n["range"])
            return x[0][:, begin:end]
    raise SystemExit(f"{node['name']}: unknown operator {node['op']}")


class Probe:
    def __init__(self, folder):
        self.description = json.loads((folder / "probe.json").read_text())
        data = np.fromfile(folder / "probe.bin", "<f4")
        self.tensors = {}
        for name, record in self.description["tensors"].items():
            count = int(np.prod(record["shape"]))
            values = data[record["offset"] : record["offset"] + count].reshape(record["shape"])
            self.tensors[name] = torch.from_numpy(values.copy())
        self.parameters = {
            name: self.tensors[name].requires_grad_()
            for name in self.tensors
            if "gradient/" + name in self.tensors
        }

    def step(self, images):
        values = []
        for node in self.description["nodes"]:
            parameters = [self.parameters[name] for name in node["parameters"] if name in self.parameters]
            operands = [values[i] for i in node["inputs"]]
            values.append(images if node["op"] == "input" else evaluate(node, operands, parameters))
        logits = values[self.description["output"]]
        labels = torch.arange(len(logits)) % logits.shape[1]
        loss = F.cross_entropy(logits, labels)
        for parameter in self.parameters.values():
            parameter.grad = None
        loss.backward()
        return logits, loss

    def gradients(self, dtype):
        """Loss, logits and gradients by name, computed in a number format."""
        parameters, self.parameters = self.parameters, {
            name: p.detach().to(dtype).requires_grad_() for name, p in self.parameters.items()
        }
        torch.set_default_dtype(dtype)
        logits, loss = self.step(self.tensors["images"].to(dtype))
        torch.set_default_dtype(torch.float32)
        found = {name: p.grad for name, p in self.parameters.items()}
        self.parameters = parameters
        return {"loss": loss.detach(), "logits": logits.detach()} | found

    def differences(self):
        """How far Quoin, and PyTorch in FP32, are from PyTorch in FP64, by name."""
        exact, theirs = self.gradients(torch.float64), self.gradients(torch.float32)
        ours = {name: self.tensors["gradient/" + name] for name in self.parameters}
        ours |= {"loss": torch.tensor(self.description["loss"]), "logits": self.tensors["logits"]}
        # Some gradients are 0 but for rounding, such as a shift's before another batch norm: they are compared with the
        # size of the others.
        floor = 1e-2 * max(exact[name].abs().max().item() for name in self.parameters)
        return {
            name: (relative(exact[name], ours[name], floor), relative(exact[name], theirs[name], floor)) for name in exact
        }

    def milliseconds(self, layout, repeats):
        images = self.tensors["images"].to(memory_format=layout)
        best = float("inf")
        for _ in range(repeats):
            start = time.perf_counter()
            self.step(images)
            best = min(best, 1e3 * (time.perf_counter() - start))
        return best


def relative(theirs, ours, floor=1e-6):
    return ((theirs - ours).abs().max() / theirs.abs().max().clamp_min(floor)).item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    probe = Probe(arguments.folder)
    torch.set_num_threads(probe.description["threads"])
    differences = probe.differences()
    ours, theirs = ([pair[side] for pair in differences.values()] for side in (0, 1))
    print(f"logits differ by {differences['logits'][0]:.1e}, the loss by {differences['loss'][0]:.1e}")
    print(f"gradients: median {statistics.median(ours):.1e}, worst {max(ours):.1e} (PyTorch's own FP32 {max(theirs):.1e})")
    print(f"quoin                   {probe.description['milliseconds']:8.1f} ms per step")
    best = float("inf")
    for label, layout in [("contiguous", torch.contiguous_format), ("channels last", torch.channels_last)]:
        milliseconds = probe.milliseconds(layout, arguments.repeats)
        best = min(best, milliseconds)
        print(f"PyTorch {label:15} {milliseconds:8.1f} ms per step")
    print(f"ratio to PyTorch's faster layout {probe.description['milliseconds'] / best:.2f}")
    is_close = statistics.median(ours) < TOLERANCE and max(ours) < max(TOLERANCE, 10 * max(theirs))
    raise SystemExit(0 if is_close else 1)


if __name__ == "__main__":
    main()
