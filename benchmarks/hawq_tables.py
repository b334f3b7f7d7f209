"""HAWQ-V3's tables of ResNet18 and ResNet50 as block-selection instances: INT4 or INT8 per layer (Yao et al., 2021).

The score is the Hessian's trace per parameter times the squared error of the quantised weights; costs are the weights' bytes, bit
operations (multiplications times the bits of both factors) and milliseconds on a T4 at batch 8. Layers that meet in a sum share
their precision and are one group. First and last layer are not in the tables.
"""
import numpy as np

BITS = (4, 8)
BUDGETS = {"size": "size_bytes", "bops": "bops", "latency": "latency_ms"}
FRACTIONS = ("0.25", "0.5", "0.75")
# First convolution and classifier, which stay at 8 bits: parameters and multiplications.
ENDS = {"resnet18": (9408 + 512_000, 118_013_952 + 512_000), "resnet50": (9408 + 2_048_000, 118_013_952 + 2_048_000)}
# The bits of the released networks (bit_config.py of Zhen-Dong/HAWQ), a word per unit: its convolutions in order, then the one
# of its shortcut.
RELEASED = {
    "resnet18": {
        "size": {"0.75": "88 88 888 88 888 84 888 84", "0.5": "88 88 888 88 888 88 848 44",
                 "0.25": "88 88 888 88 888 88 444 44"},
        "bops": {"0.75": "88 88 888 84 888 84 848 84", "0.5": "88 84 888 84 888 44 444 44",
                 "0.25": "88 84 848 44 444 44 444 44"},
        "latency": {"0.75": "88 88 888 84 888 84 848 84", "0.5": "88 88 848 84 888 44 848 44",
                    "0.25": "88 84 848 44 444 44 444 44"}},
    "resnet50": {
        "size": {"0.75": "8888 888 888 8888 888 888 888 8888 888 888 888 888 888 8488 848 848",
                 "0.5": "8888 888 888 8888 888 888 888 8488 888 844 888 848 848 8488 844 844",
                 "0.25": "8888 888 888 8888 888 888 888 8488 844 844 844 844 444 4484 444 844"},
        "bops": {"0.75": "8888 888 848 8888 888 888 848 8488 888 844 848 848 848 8488 888 888",
                 "0.5": "8888 888 848 8488 848 844 848 8488 844 844 844 844 848 8488 848 848",
                 "0.25": "8488 448 844 8488 444 444 844 8488 444 444 444 444 444 8488 844 844"},
        "latency": {"0.75": "8888 888 848 8488 888 888 848 8488 888 848 888 848 848 8488 888 888",
                    "0.5": "8888 888 844 8488 888 848 848 8488 444 844 844 844 844 8488 848 848",
                    "0.25": "8888 848 844 8488 444 444 844 4484 444 444 444 444 844 8488 844 844"}}}


def loss(table, layer, bits):
    return table["hessian_trace_per_param"][layer] * table[f"weight_perturb_sq_int{bits}"][layer]


def costs(table, layer, bits):
    return {"size_bytes": table["params"][layer] * bits // 8, "bops": table["macs"][layer] * bits * bits,
            "latency_ms": table[f"latency_ms_int{bits}_T4_b8"][layer]}


def groups(table):
    """The layers of each group, in order of their first."""
    tied = {first: layers for first, *_ in table["tied_layers"] for layers in table["tied_layers"] if layers[0] == first}
    later = {layer for layers in tied.values() for layer in layers[1:]}
    return [tied.get(layer, [layer]) for layer in range(len(table["params"])) if layer not in later]


def value(table, bits):
    """Loss and costs of a whole network, from the bits of its layers."""
    every = [costs(table, layer, one) for layer, one in enumerate(bits)]
    return sum(loss(table, layer, one) for layer, one in enumerate(bits)), {
        name: sum(one[name] for one in every) for name in every[0]}


def limit(table, cost, fraction):
    """What the published program allows: so far from all INT4 to all INT8."""
    low, high = (value(table, [bits] * len(table["params"]))[1][cost] for bits in BITS)
    return low + fraction * (high - low)


def instance(table, budgets):
    def choice(layers, bits):
        every = [costs(table, layer, bits) for layer in layers]
        return {"name": f"int{bits}", "score": sum(loss(table, layer, bits) for layer in layers),
                "costs": {name: sum(one[name] for one in every) for name in every[0]}}
    return {"sense": "minimize", "budgets": {name: {"max": most} for name, most in budgets.items()},
            "groups": [{"name": "+".join(f"layer{layer}" for layer in layers),
                        "choices": [choice(layers, bits) for bits in BITS]} for layers in groups(table)]}


def bits_of(table, choices):
    """The bits of every layer, from the choices of an answer."""
    bits = [0] * len(table["params"])
    for group, choice in choices.items():
        for layer in group.split("+"):
            bits[int(layer.removeprefix("layer"))] = int(choice.removeprefix("int"))
    return bits


def released_bits(network, budget, fraction):
    return [int(digit) for digit in RELEASED[network][budget][fraction].replace(" ", "")]


def arrays(table, cost):
    """The groups as the oracle takes them. Latencies have eight decimals; the other costs are whole numbers."""
    scale = 10**8 if cost == "latency_ms" else 1
    made = instance(table, {})["groups"]
    return [(np.array([round(choice["costs"][cost] * scale) for choice in group["choices"]], np.int64),
             np.array([choice["score"] for choice in group["choices"]])) for group in made], scale
