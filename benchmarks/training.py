#!/usr/bin/env python3
"""Repeats a training step with PyTorch, compares it, and times it.

    training.py FOLDER [--repeats N]

FOLDER holds probe.json and probe.bin as `quoin-bench training` writes them. Exits with 1 where logits, loss or a gradient differ by
more than the tolerance, relative to the largest element of the tensor.
"""
import argparse
import json
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

    def differences(self):
        logits, loss = self.step(self.tensors["images"])
        yield "loss", abs(loss.item() - self.description["loss"]) / abs(loss.item())
        yield "logits", relative(logits.detach(), self.tensors["logits"])
        # Some gradients are 0 but for rounding, such as a shift's before another batch norm: they are compared with the
        # size of the others.
        floor = 1e-2 * max(p.grad.abs().max().item() for p in self.parameters.values())
        for name, parameter in self.parameters.items():
            yield name, relative(parameter.grad, self.tensors["gradient/" + name], floor)

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
    differences = sorted(probe.differences(), key=lambda d: -d[1])
    for name, difference in differences[:5]:
        print(f"{name:40} differs by {difference:.1e}")
    print(f"quoin                   {probe.description['milliseconds']:8.1f} ms per step")
    for label, layout in [("contiguous", torch.contiguous_format), ("channels last", torch.channels_last)]:
        print(f"PyTorch {label:15} {probe.milliseconds(layout, arguments.repeats):8.1f} ms per step")
    raise SystemExit(1 if differences[0][1] > TOLERANCE else 0)


if __name__ == "__main__":
    main()
