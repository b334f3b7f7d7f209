#!/usr/bin/env python3
"""Writes the networks that speed and conformance are measured on, as ONNX files with random weights.

    networks.py FOLDER [--set speed|families] [--only NAME …] [--exporter script|dynamo] [--opset 17] [--batch 1] [--side 224]

Shapes and exporters are those of timm and torchvision. Weights are random; the statistics of batch norms come from a
pass over random pictures, so that activations keep their size through the network and a wrong operator shows.
"""
import argparse
import sys
import warnings
from pathlib import Path

import torch

# The networks that speed is measured on: file name, library, model.
SPEED = [
    ("mobilenetv2", "timm", "mobilenetv2_100"),
    ("mobilenetv3-large", "timm", "mobilenetv3_large_100"),
    ("mnasnet-1.0", "timm", "mnasnet_100"),
    ("efficientnet-b0", "timm", "efficientnet_b0"),
    ("fbnet-c", "timm", "fbnetc_100"),
    ("resnet-18", "timm", "resnet18"),
    ("resnet-50", "timm", "resnet50"),
    ("regnety-400mf", "timm", "regnety_004"),
    ("shufflenetv2", "torchvision", "shufflenet_v2_x1_0"),
    ("squeezenet-1.1", "torchvision", "squeezenet1_1"),
]

# One network, or a few that differ in operators, of every family that the inference core promises to run.
FAMILIES = SPEED + [
    ("mobilenetv1", "timm", "mobilenetv1_100"),
    ("mobilenetv3-small", "timm", "mobilenetv3_small_100"),
    ("mobilenetv4-conv", "timm", "mobilenetv4_conv_small"),
    ("mobilenetv4-hybrid", "timm", "mobilenetv4_hybrid_medium"),
    ("mnasnet-torchvision", "torchvision", "mnasnet1_0"),
    ("mobilenetv2-torchvision", "torchvision", "mobilenet_v2"),
    ("semnasnet", "timm", "semnasnet_100"),
    ("spnasnet", "timm", "spnasnet_100"),
    ("proxylessnas", "blocks", "PROXYLESS_MOBILE"),
    ("efficientnet-lite0", "timm", "efficientnet_lite0"),
    ("efficientnetv2-s", "timm", "tf_efficientnetv2_b0"),
    ("mixnet-s", "timm", "mixnet_s"),
    ("ghostnet", "timm", "ghostnet_100"),
    ("ghostnetv2", "timm", "ghostnetv2_100"),
    ("resnext-50", "timm", "resnext50_32x4d"),
    ("regnetx-400mf", "timm", "regnetx_004"),
    ("googlenet", "torchvision", "googlenet"),
    ("densenet-121", "timm", "densenet121"),
    ("repvgg-a0", "timm", "repvgg_a0"),
    ("mobileone-s0", "timm", "mobileone_s0"),
    ("convnext-atto", "timm", "convnext_atto"),
    ("vit-tiny", "timm", "vit_tiny_patch16_224"),
    ("deit-tiny", "timm", "deit_tiny_patch16_224"),
    ("efficientformer-l1", "timm", "efficientformer_l1"),
    ("efficientformerv2-s0", "timm", "efficientformerv2_s0"),
    ("levit-128s", "timm", "levit_128s"),
]


# ProxylessNAS for mobile phones (Cai et al., 2019, figure 4), in the notation of timm: kernel, stride, expansion, channels.
PROXYLESS_MOBILE = [
    ["ds_r1_k3_s1_c16"],
    ["ir_r1_k5_s2_e3_c32", "ir_r1_k3_s1_e3_c32"],
    ["ir_r1_k7_s2_e3_c40", "ir_r1_k3_s1_e3_c40", "ir_r2_k5_s1_e3_c40"],
    ["ir_r1_k7_s2_e6_c80", "ir_r3_k5_s1_e3_c80"],
    ["ir_r1_k5_s1_e6_c96", "ir_r3_k5_s1_e3_c96"],
    ["ir_r2_k7_s2_e6_c192", "ir_r2_k7_s1_e3_c192"],
    ["ir_r1_k7_s1_e6_c320"],
]


def build(library, model):
    """The network without trained weights."""
    torch.manual_seed(1)
    if library == "timm":
        import timm

        return timm.create_model(model, pretrained=False)
    if library == "blocks":
        from timm.models._efficientnet_builder import decode_arch_def
        from timm.models.efficientnet import EfficientNet

        return EfficientNet(
            decode_arch_def(globals()[model]), num_features=1280, stem_size=32, act_layer=torch.nn.ReLU6)
    import torchvision

    extra = {"aux_logits": False, "init_weights": False} if model == "googlenet" else {}
    return getattr(torchvision.models, model)(weights=None, **extra)


def settle(network, side):
    """Makes every parameter random and takes the statistics of batch norms from a pass over random pictures."""
    generator = torch.Generator().manual_seed(2)
    norms = []
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            norms.append(module)
            module.reset_running_stats()
            module.momentum = None
            with torch.no_grad():
                module.weight.uniform_(0.6, 1.4, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
        elif isinstance(module, torch.nn.LayerNorm):
            with torch.no_grad():
                module.weight.uniform_(0.6, 1.4, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            # Scales of residual branches (ConvNeXt, EfficientFormer) begin so small that a wrong branch would not show.
            if name.endswith(("gamma", "layer_scale", ".ls1", ".ls2")):
                parameter.uniform_(0.2, 0.5, generator=generator)
    if norms:
        for norm in norms:
            norm.train()
        with torch.no_grad():
            network(torch.randn(8, 3, side, side, generator=generator))
    return network.eval()


def side_of(network, wish):
    configuration = getattr(network, "default_cfg", None) or {}
    size = configuration.get("input_size", (3, 224, 224))
    return wish if not configuration.get("fixed_input_size") else size[-1]


def export(network, path, side, batch, exporter, opset):
    picture = torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(3))
    if exporter == "dynamo":
        torch.onnx.export(
            network, (picture,), path, dynamo=True, opset_version=opset, external_data=False, verbose=False,
            input_names=["image"], output_names=["logits"])
    else:
        torch.onnx.export(
            network, (picture,), path, dynamo=False, opset_version=opset, input_names=["image"],
            output_names=["logits"], dynamic_axes={"image": {0: "batch"}} if batch == 1 else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", choices=["speed", "families"], default="speed")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--exporter", choices=["script", "dynamo"], default="script")
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--side", type=int, default=224, help="rows and columns, where a network leaves them open")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name, library, model in SPEED if arguments.set == "speed" else FAMILIES:
        path = arguments.folder / f"{name}.onnx"
        if (arguments.only and name not in arguments.only) or path.exists():
            continue
        try:
            network = build(library, model)
            side = side_of(network, arguments.side)
            unfinished = path.with_suffix(".partial")
            export(settle(network, side), unfinished, side, arguments.batch, arguments.exporter, arguments.opset)
            unfinished.rename(path)
            print(f"{name}: {side}×{side}, {path.stat().st_size / 1e6:.1f} MB", flush=True)
        except Exception as error:  # one network that an exporter refuses must not lose the others
            failures += 1
            print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}", file=sys.stderr, flush=True)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
