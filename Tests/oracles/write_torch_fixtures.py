"""Writes Tests/Fixtures/onnx/torch-*.onnx: small networks as PyTorch's two exporters spell them.

    write_torch_fixtures.py FOLDER

The files are kept, so that tests need no PyTorch; written with torch 2.15, onnxscript 0.7 and onnx 1.19.
"""

import sys
from pathlib import Path

import onnx
import torch
from torch import nn
from torch.nn import functional as F


class Shuffle(nn.Module):
    """Pixels normalised inside, channel shuffle and halves as ShuffleNetV2 writes them, mean over the image."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([125.0, 123.0, 114.0]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([63.0, 62.0, 67.0]).view(1, 3, 1, 1))
        self.stem = nn.Conv2d(3, 12, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(12)
        self.pointwise = nn.Conv2d(6, 6, 1, bias=False)
        self.inner = nn.BatchNorm2d(6)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = (x - self.mean) / self.deviation
        x = F.relu6(self.norm(self.stem(x)))
        left, right = x.chunk(2, dim=1)
        x = torch.cat([left, F.relu(self.inner(self.pointwise(right)))], dim=1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.head(x.mean([2, 3]))


class Mobile(nn.Module):
    """Hard swish in its three spellings, squeeze-excite, a residual, and a scaled input."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 5, padding=2, groups=8, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.reduce = nn.Conv2d(8, 4, 1)
        self.restore = nn.Conv2d(4, 8, 1)
        self.project = nn.Conv2d(8, 8, 1)
        self.hidden = nn.Linear(8, 16)
        self.head = nn.Linear(16, 4, bias=False)

    def forward(self, x):
        x = F.hardswish(self.stem(x / 255 - 0.5))
        y = self.norm(self.depthwise(x))
        y = y * (F.relu6(y + 3) / 6)
        y = y * F.hardsigmoid(self.restore(F.relu(self.reduce(F.adaptive_avg_pool2d(y, 1)))))
        x = x + self.project(y)
        x = x * F.relu6(x + 3) / 6
        x = F.silu(self.hidden(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1)))
        return self.head(F.dropout(x, training=self.training))


class Pools(nn.Module):
    """Windows that round up, means that count the padding, zero borders, resizing, and two outputs."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 6, 3, stride=2, bias=False), nn.Sigmoid())
        self.dilated = nn.Conv2d(6, 6, (3, 1), padding=(2, 0), dilation=(2, 1), groups=2)
        self.scale = nn.Parameter(torch.tensor([0.5, 1.0, 1.5, -1.0, 2.0, 0.1]).view(6, 1, 1))

    def forward(self, x):
        x = F.interpolate(x, size=(21, 19), mode="bilinear", align_corners=False)
        x = self.dilated(self.stem(x)) * self.scale + 1
        most = F.max_pool2d(x, 3, stride=2, ceil_mode=True)
        mean = F.avg_pool2d(x, 3, stride=2, padding=1)
        inner = F.avg_pool2d(x, 3, ceil_mode=True, count_include_pad=False)
        return most, mean, inner


class Squeeze(nn.Module):
    """Squeeze-excite with fully connected layers, twice on one gate."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.gate = nn.Sequential(nn.Linear(8, 2, bias=False), nn.ReLU(), nn.Linear(2, 8), nn.Sigmoid())
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.stem(x)
        gate = self.gate(F.adaptive_avg_pool2d(x, 1).view(x.shape[0], 8))
        x = torch.relu(x * gate.view(x.shape[0], 8, 1, 1)) * gate[:, :, None, None]
        return self.head(x.mean([2, 3]))


def randomise(model: nn.Module) -> nn.Module:
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return model.eval()


def write(name: str, model: nn.Module, size: tuple[int, int], outputs: list[str], folder: Path) -> None:
    image = torch.rand(2, 3, *size) * 255
    names = {"input_names": ["image"], "output_names": outputs}
    for version in (11, 17):
        torch.onnx.export(
            model, (image,), folder / f"torch-{name}-script{version}.onnx", dynamo=False, opset_version=version,
            dynamic_axes={"image": {0: "n"}}, **names)
    # The other exporter keeps a fixed batch here.
    torch.onnx.export(
        model, (image,), folder / f"torch-{name}-dynamo.onnx", dynamo=True, external_data=False, **names)


def strip(path: Path) -> None:
    """Removes what exporters say about the machine that they ran on."""
    model = onnx.load(path)
    graph = model.graph
    for part in [graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        part.doc_string = ""
        del part.metadata_props[:]
    del graph.value_info[:]
    onnx.save(model, path)


if __name__ == "__main__":
    torch.manual_seed(1)
    folder = Path(sys.argv[1])
    write("shuffle", randomise(Shuffle()), (16, 16), ["logits"], folder)
    write("mobile", randomise(Mobile()), (16, 16), ["logits"], folder)
    write("squeeze", randomise(Squeeze()), (6, 6), ["logits"], folder)
    write("pools", randomise(Pools()), (20, 18), ["most", "mean", "inner"], folder)
    for path in folder.glob("torch-*.onnx"):
        strip(path)
