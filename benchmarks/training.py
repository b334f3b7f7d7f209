#!/usr/bin/env python3
"""A training step: Quoin beside PyTorch, alternating, and its gradients against PyTorch's.

    training.py QUOIN_BENCH SPACE FOLDER [--rounds 5]

For four networks of SPACE, `quoin-bench training` writes a step into FOLDER, which is repeated here. Differences are
relative to the largest element of a tensor, against PyTorch in FP64.

The gradients are judged on a network whose activation functions are smooth: there Quoin and PyTorch in FP32 are equally
near to FP64. No FP32 gradient of the other networks is near the FP64 one in every tensor: where an activation function
bends, rounding decides on which side an element falls, and with it that element's gradient. How much that matters is
measured beside Quoin, with PyTorch in FP32 and in FP64 with noise of the size of rounding (NOISE of a channel's root
mean square, after each convolution and batch norm). Exits with 1 where Quoin differs by more than SLACK times what the
worse of these two does: in logits, and for the smooth network in gradients.
"""
import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

NOISE = 3e-7
DRAWS = 3
SLACK = 3


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


def noisy(y, noise):
    return y + noise * y.detach().square().mean((0, 2, 3), keepdim=True).sqrt() * torch.randn_like(y)


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

    def step(self, images, noise=0):
        values = []
        for node in self.description["nodes"]:
            parameters = [self.parameters[name] for name in node["parameters"] if name in self.parameters]
            operands = [values[i] for i in node["inputs"]]
            value = images if node["op"] == "input" else evaluate(node, operands, parameters)
            values.append(noisy(value, noise) if noise and node["op"] in ("convolution", "batchNorm") else value)
        logits = values[self.description["output"]]
        labels = torch.arange(len(logits)) % logits.shape[1]
        loss = F.cross_entropy(logits, labels)
        for parameter in self.parameters.values():
            parameter.grad = None
        loss.backward()
        return logits, loss

    def gradients(self, dtype, noise=0):
        """Logits and gradients by name, computed in a number format."""
        parameters, self.parameters = self.parameters, {
            name: p.detach().to(dtype).requires_grad_() for name, p in self.parameters.items()
        }
        torch.set_default_dtype(dtype)
        logits, _ = self.step(self.tensors["images"].to(dtype), noise)
        torch.set_default_dtype(torch.float32)
        found = {name: p.grad for name, p in self.parameters.items()}
        self.parameters = parameters
        return {"logits": logits.detach()} | found

    def differences(self):
        """How far Quoin, PyTorch in FP32, and PyTorch in FP64 with noise are from PyTorch in FP64."""
        exact = self.gradients(torch.float64)
        ours = {name: self.tensors["gradient/" + name] for name in self.parameters} | {"logits": self.tensors["logits"]}
        torch.manual_seed(1)
        draws = [self.gradients(torch.float64, NOISE) for _ in range(DRAWS)]
        return (
            Difference(exact, [ours]), Difference(exact, [self.gradients(torch.float32)]), Difference(exact, draws))

    def milliseconds(self, layout, repeats):
        images = self.tensors["images"].to(memory_format=layout)
        best = float("inf")
        for _ in range(repeats):
            start = time.perf_counter()
            self.step(images)
            best = min(best, 1e3 * (time.perf_counter() - start))
        return best


class Difference:
    """How far logits and gradients are from the exact ones, the worst of several."""

    def __init__(self, exact, several):
        names = [name for name in exact if name != "logits"]
        # Some gradients are 0 but for rounding, such as a shift's before another batch norm: they are compared with the
        # size of the others.
        floor = 1e-2 * max(exact[name].abs().max().item() for name in names)
        tensors = [[relative(exact[name], given[name], floor) for name in names] for given in several]
        self.logits = max(relative(exact["logits"], given["logits"]) for given in several)
        self.median = max(statistics.median(each) for each in tensors)
        self.worst = max(max(each) for each in tensors)
        self.whole = max(
            (sum((exact[name] - given[name]).square().sum() for name in names)
             / sum(exact[name].square().sum() for name in names)).sqrt().item() for given in several)

    def __str__(self):
        return (
            f"logits {self.logits:.1e}; gradients: median tensor {self.median:.1e}, worst {self.worst:.1e}, "
            f"whole {self.whole:.1e}")


def relative(exact, given, floor=1e-6):
    return ((exact - given).abs().max() / exact.abs().max().clamp_min(floor)).item()


def are_close(probe, parts):
    ours, theirs, noise = probe.differences()
    print(f"  from PyTorch in FP64      quoin {ours}")
    print(f"                 PyTorch in FP32 {theirs}")
    print(f"    FP64 with noise of {NOISE:.0e} {noise}", flush=True)
    return all(
        getattr(ours, part) <= SLACK * max(getattr(theirs, part), getattr(noise, part)) for part in parts)


def compared(quoin, space, network, folder, rounds):
    """Prints differences and times; whether the differences are within bounds."""
    layouts = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}
    times = {name: [] for name in ["quoin", *layouts]}
    close = None
    for _ in range(rounds):
        subprocess.run([quoin, "training", str(space), network, str(folder)], check=True)
        probe = Probe(folder)
        torch.set_num_threads(probe.description["threads"])
        if close is None:
            print(f"{network} network, batch {len(probe.tensors['images'])}, {probe.description['threads']} threads")
            close = are_close(probe, ("logits", "median", "worst", "whole") if network == "smooth" else ("logits",))
        times["quoin"].append(probe.description["milliseconds"])
        for name, layout in layouts.items():
            times[name].append(probe.milliseconds(layout, repeats=5))
    medians = {name: statistics.median(each) for name, each in times.items()}
    fastest = min(layouts, key=medians.get)
    print(
        f"  quoin {medians['quoin']:.1f} ms, PyTorch ({fastest}) {medians[fastest]:.1f} ms, "
        f"ratio {medians['quoin'] / medians[fastest]:.2f}", flush=True)
    return close


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quoin_bench")
    parser.add_argument("space", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"PyTorch {torch.__version__}, training steps, the fastest of 5, {arguments.rounds} alternating rounds")
    results = [
        compared(arguments.quoin_bench, arguments.space, network, arguments.folder / network, arguments.rounds)
        for network in ("smooth", "smallest", "middle", "largest")
    ]
    raise SystemExit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
