"""Every op of engine/ops.h beside its definition in PyTorch, forward and gradients.

OpInfo and ONNX have no attention along one axis of tokens, no temporal shift, no batch norm that a
convolution reads: here they are, with the ops that those have, on random numbers in random shapes,
and once with a NaN among them.
Sizes of one, and of one more than a vector holds, come up often. Each is run in double and float32
on the CPU, and in float32 and bf16 on a GPU, or the emulated one.
"""

import dataclasses
import random
import types
import typing
import zlib

import torch
import torch.nn.functional as F

from suites.calls import Call, Input
from suites.cases import Case
from suites.ops.norms import length_gain, norm_gain

SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
SHAPES_PER_OP = 8
# Dtype, and whether on a GPU.
PLACES = ((torch.float64, False), (torch.float32, False), (torch.float32, True),
          (torch.bfloat16, True))

try:
    import torchvision
except ImportError:
    torchvision = None


@dataclasses.dataclass
class Row:
    """`inputs` gives the axes of each by letters, which are sizes; a name that ends in * is a
    parameter, one that ends in ! gets no gradient. `sizes` holds what is no random size: a number,
    or a function of the sizes drawn before it. Both functions take the sizes and the inputs."""

    inputs: dict
    steps: typing.Callable
    theirs: typing.Callable
    terms: typing.Callable = lambda s: 1
    sizes: dict = dataclasses.field(default_factory=dict)
    values: dict = dataclasses.field(default_factory=dict)  # name: function of sizes
    moves: bool = False
    bf16: bool = True
    changes: tuple = ()
    gain: typing.Callable = lambda *tensors: 1  # of the inputs, Call.gain
    nan: bool = True  # whether NaN in the first input goes where it goes in theirs


def images(x):
    return x.movedim(-1, 1)


def channels_last(y):
    return y.movedim(1, -1)


def normalized(x, gamma, beta, mean, var, training):
    return channels_last(F.batch_norm(images(x), mean, var, gamma, beta, training, 0.1, 1e-5))


def shifted(x, frames):
    """SPEC §2: an eighth of the channels from the next frame, an eighth from the previous one."""
    clips, fold = x.unflatten(0, (-1, frames)), x.shape[-1] // 8
    nothing = torch.zeros_like(clips[:, :1])
    following = torch.cat([clips[:, 1:], nothing], 1)[..., :fold]
    previous = torch.cat([nothing, clips[:, :-1]], 1)[..., fold:2 * fold]
    return torch.cat([following, previous, clips[..., 2 * fold:]], -1).flatten(0, 1)


def convolved(x, weight, stride=1, pad=0, groups=1):
    return channels_last(F.conv2d(images(x), weight.movedim(-1, 1), None, stride, pad, 1, groups))


def attended(s, qkv, along_frames):
    q, k, v = (part.unflatten(-1, (s.h, s.E)) for part in qkv.chunk(3, -1))  # [B,T,K,h,E]
    order = (0, 2, 3, 1, 4) if along_frames else (0, 1, 3, 2, 4)
    back = (0, 3, 1, 2, 4) if along_frames else (0, 1, 3, 2, 4)
    y = F.scaled_dot_product_attention(*(part.permute(order) for part in (q, k, v)))
    return y.permute(back).flatten(-2)


def aligned(s, features, boxes):
    regions = list(boxes.unbind(0))
    y = torchvision.ops.roi_align(images(features), regions, s.P, s.H / 50, 2, True)
    return y.unflatten(0, (s.N, s.K)).movedim(2, -1)


def contrasted(s, logits, targets, included):
    """Cross-entropy over the included entries, a part of the target spread evenly over them."""
    keep = included.bool()
    logs = F.log_softmax(logits.masked_fill(~keep, -torch.inf), -1)
    spread = logs.masked_fill(~keep, 0).sum(-1) / keep.sum(-1)
    own = logs.gather(-1, targets[:, None])[:, 0]
    return -((1 - 0.1) * own + 0.1 * spread).mean()[None]


def random_targets(s):
    return torch.randint(s.C, (s.N,))


def random_included(s):
    """The targets are drawn from the same state, so they are always included."""
    state = torch.get_rng_state()
    targets = random_targets(s)
    torch.set_rng_state(state)
    included = (torch.rand(s.N, s.C) < 0.6).to(torch.uint8)
    included[torch.arange(s.N), targets] = 1
    return included


def random_boxes(s):
    """In an image of side 50; some reach over its edge, some are empty."""
    corners = torch.rand(s.N, s.K, 2, dtype=torch.float64) * 70 - 10
    sides = (torch.rand(s.N, s.K, 2, dtype=torch.float64) * 40 - 4).clamp_min(0)
    return torch.cat([corners, corners + sides], -1)


def variances(s):
    return 0.5 + torch.rand(s.C, dtype=torch.float64)


NORM = {"x": "NHWC", "gamma*": "C", "beta*": "C", "mean*!": "C", "var*!": "C"}
SECOND_NORM = {"x2": "NHWC", "gamma2*": "C", "beta2*": "C", "mean2*!": "C", "var2*!": "C"}
NORM_VALUES = {"var*!": variances}
NORM_SIZES = {"N": lambda s: random.choice((2, 3, 5))}
TRAINING = {"eps": 1e-5, "momentum": 0.1, "training": 1}
RUNNING = {"eps": 1e-5, "momentum": 0.1, "training": 0}
HEADS = {"h": lambda s: random.choice((1, 2, 4)), "E": lambda s: random.choice((1, 4, 9)),
         "Q": lambda s: 3 * s.h * s.E}
PLAIN = {"stride": 1, "pad": 1, "shift_frames": 0}


def batch_gain(x, gamma, *_):
    return norm_gain(x.flatten(0, -2).mT, gamma, 1e-5)


def positions(s):
    return s.N * s.H * s.W


def convolution_terms(s):
    return max(9 * max(s.C, s.O), positions(s))


TABLE = {
    "add": Row({"a": "ABC", "b": "ABC"}, lambda s, e, a, b: e.add(a, b), lambda s, a, b: a + b),
    "multiply": Row({"a": "ABC", "b": "ABC"}, lambda s, e, a, b: e.multiply(a, b),
                    lambda s, a, b: a * b),
    "scale": Row({"x": "ABC"}, lambda s, e, x: e.scale(x, factor=-0.7), lambda s, x: -0.7 * x),
    "relu": Row({"x": "ABC"}, lambda s, e, x: e.relu(x), lambda s, x: x.relu(), moves=True),
    "gelu": Row({"x": "ABC"}, lambda s, e, x: e.gelu(x), lambda s, x: F.gelu(x)),
    "reshape": Row({"x": "ABC"}, lambda s, e, x: e.reshape(x, shape=[s.C, s.A * s.B]),
                   lambda s, x: x.reshape(s.C, s.A * s.B), moves=True),
    "sum": Row({"x": "ABC"}, lambda s, e, x: e.sum(x), lambda s, x: x.sum()[None],
               lambda s: s.A * s.B * s.C),
    "mean": Row({"x": "ABC"}, lambda s, e, x: e.mean(x, axis=1), lambda s, x: x.mean(1),
                lambda s: s.B),
    "concat": Row({"a": "ABC", "b": "ABD"}, lambda s, e, a, b: e.concat(a, b),
                  lambda s, a, b: torch.cat([a, b], -1), moves=True),
    "swap_middle_axes": Row({"x": "ABCD"}, lambda s, e, x: e.swap_middle_axes(x),
                            lambda s, x: x.transpose(1, 2), moves=True),
    "matmul_nt": Row({"a": "MI", "b": "OI"}, lambda s, e, a, b: e.matmul_nt(a, b, alpha=0.3),
                     lambda s, a, b: 0.3 * a @ b.mT, lambda s: max(s.M, s.I, s.O)),
    "linear": Row({"x": "ABI", "weight*": "OI", "bias*": "O"}, lambda s, e, *i: e.linear(*i),
                  lambda s, *i: F.linear(*i), lambda s: max(s.A * s.B, s.I, s.O)),
    "linear_gelu": Row({"x": "ABI", "weight*": "OI", "bias*": "O"},
                       lambda s, e, *i: e.linear_gelu(*i), lambda s, *i: F.gelu(F.linear(*i)),
                       lambda s: max(s.A * s.B, s.I, s.O)),
    "grouped_linear": Row({"x": "NGI", "weight*": "GOI", "bias*": "GO"},
                          lambda s, e, *i: e.grouped_linear(*i),
                          lambda s, x, w, b: torch.einsum("ngi,goi->ngo", x, w) + b,
                          lambda s: max(s.N, s.I, s.O)),
    "normalize": Row(NORM, lambda s, e, *i: e.normalize(*i, **TRAINING),
                     lambda s, *i: normalized(*i, True), positions, NORM_SIZES, NORM_VALUES,
                     changes=("mean", "var"), gain=batch_gain),
    "normalize, running": Row(NORM, lambda s, e, *i: e.normalize(*i, **RUNNING),
                              lambda s, *i: normalized(*i, False), positions, NORM_SIZES,
                              NORM_VALUES, nan=False),  # theirs does not read x for dx
    "normalize_relu": Row(NORM, lambda s, e, *i: e.normalize_relu(*i, **TRAINING),
                          lambda s, *i: normalized(*i, True).relu(), positions, NORM_SIZES,
                          NORM_VALUES, gain=batch_gain),
    "add_relu": Row({**NORM, "residual": "NHWC"},
                    lambda s, e, *i: e.normalize_add_relu(*i, **TRAINING),
                    lambda s, *i: (normalized(*i[:5], True) + i[5]).relu(), positions, NORM_SIZES,
                    NORM_VALUES, gain=batch_gain),
    "add_relu of two norms": Row({**NORM, **SECOND_NORM},
                                 lambda s, e, *i: e.normalize_both_add_relu(*i, **TRAINING),
                                 lambda s, *i: (normalized(*i[:5], True)
                                                + normalized(*i[5:], True)).relu(), positions,
                                 NORM_SIZES, {"var*!": variances, "var2*!": variances},
                                 gain=lambda *i: max(batch_gain(*i[:5]), batch_gain(*i[5:]))),
    "conv2d of a norm": Row({**NORM, "weight*": "OPPC"},
                            lambda s, e, *i: e.normalize_conv2d(*i, **TRAINING, **PLAIN),
                            lambda s, *i: convolved(normalized(*i[:5], True).relu(), i[5], 1, 1),
                            convolution_terms, {**NORM_SIZES, "P": 3}, NORM_VALUES,
                            gain=batch_gain),
    "conv2d": Row({"x": "NHWC", "weight*": "OPPC"},
                  lambda s, e, x, w: e.conv2d(x, w, stride=s.S, pad=s.P // 2, shift_frames=0),
                  lambda s, x, w: convolved(x, w, s.S, s.P // 2), convolution_terms,
                  {"P": lambda s: random.choice((1, 3, 7)), "S": lambda s: random.choice((1, 2, 3)),
                   "N": 2}),
    "conv2d, shifted": Row({"x": "NHWC", "weight*": "OPPC"},
                           lambda s, e, x, w: e.conv2d(x, w, stride=1, pad=0, shift_frames=s.T),
                           lambda s, x, w: convolved(shifted(x, s.T), w), convolution_terms,
                           {"P": 1, "T": lambda s: random.choice((1, 2, 5)),
                            "N": lambda s: 2 * s.T}),
    "depthwise_conv2d": Row({"x": "NHWC", "weight*": "PPC"},
                            lambda s, e, x, w: e.depthwise_conv2d(x, w, pad=1),
                            lambda s, x, w: convolved(x, w.movedim(-1, 0)[..., None], 1, 1, s.C),
                            convolution_terms, {"P": 3, "N": 2, "O": 1}),
    "temporal_shift": Row({"x": "NHWC"}, lambda s, e, x: e.temporal_shift(x, frames=s.T),
                          lambda s, x: shifted(x, s.T), moves=True,
                          sizes={"T": lambda s: random.choice((1, 2, 5)), "N": lambda s: 2 * s.T}),
    "max_pool2d": Row({"x": "NHWC"}, lambda s, e, x: e.max_pool2d(x, kernel=3, stride=s.S, pad=1),
                      lambda s, x: channels_last(F.max_pool2d(images(x), 3, s.S, 1)), lambda s: 9,
                      {"S": lambda s: random.choice((1, 2, 3)), "N": 2}, moves=True),
    "layer_norm": Row({"x": "ABC", "gamma*": "C", "beta*": "C"},
                      lambda s, e, *i: e.layer_norm(*i, eps=1e-5),
                      lambda s, x, g, b: F.layer_norm(x, (s.C,), g, b),
                      lambda s: max(s.C, s.A * s.B),
                      {"C": lambda s: random.choice((1, 3, 8, 17, 64))},
                      gain=lambda x, gamma, _: norm_gain(x, gamma, 1e-5)),
    "attention, frames": Row({"qkv": "BTKQ"},
                             lambda s, e, x: e.attention(x, heads=s.h, axis="frames"),
                             lambda s, x: attended(s, x, True), lambda s: max(s.T, s.E), HEADS),
    "attention, entities": Row({"qkv": "BTKQ"},
                               lambda s, e, x: e.attention(x, heads=s.h, axis="entities"),
                               lambda s, x: attended(s, x, False), lambda s: max(s.K, s.E), HEADS),
    "add_embeddings": Row({"x": "BTKD", "entity*": "KD", "frame*": "TD"},
                          lambda s, e, *i: e.add_embeddings(*i),
                          lambda s, x, entity, frame: x + entity + frame[:, None],
                          lambda s: s.B * max(s.T, s.K)),
    "softmax": Row({"x": "ABC"}, lambda s, e, x: e.softmax(x, temperature=0.4),
                   lambda s, x: (x / 0.4).softmax(-1), lambda s: s.C),
    "mix": Row({"st": "BTKD", "ts": "BTKD", "alpha": "BKt"}, lambda s, e, *i: e.mix(*i),
               lambda s, st, ts, alpha: alpha[:, None, :, :1] * st + alpha[:, None, :, 1:] * ts,
               lambda s: s.T * s.D, {"t": 2}),
    "l2_normalize": Row({"x": "ABC"}, lambda s, e, x: e.l2_normalize(x, eps=1e-6),
                        lambda s, x: F.normalize(x, dim=-1, eps=1e-6), lambda s: s.C,
                        gain=length_gain),
    "softmax_cross_entropy": Row({"logits": "NC", "targets!": "", "included!": ""},
                                 lambda s, e, *i: e.softmax_cross_entropy(*i, smoothing=0.1),
                                 contrasted, lambda s: max(s.N, s.C),
                                 values={"targets!": random_targets, "included!": random_included},
                                 bf16=False),
}
if torchvision:
    TABLE["roi_align"] = Row({"features": "NHHC", "boxes*!": ""},
                             lambda s, e, x, b: e.roi_align(x, b, size=50.0, bins=s.P), aligned,
                             lambda s: 16 + 4 * s.K * s.P * s.P,
                             {"N": 2, "K": lambda s: random.choice((1, 3)),
                              "P": lambda s: random.choice((1, 2, 7))}, {"boxes*!": random_boxes},
                             nan=False)  # theirs reads neighbours of weight 0, ours does not


def draw_sizes(row):
    sizes = types.SimpleNamespace()
    for name, size in row.sizes.items():
        setattr(sizes, name, size(sizes) if callable(size) else size)
    for letter in dict.fromkeys("".join(row.inputs.values()) + "".join(row.sizes)):
        if not hasattr(sizes, letter):
            setattr(sizes, letter, random.choice(SIZES))
    return sizes


def draw(row, name, axes, sizes, dtype):
    if name in row.values:
        values = row.values[name](sizes)
    else:
        values = torch.randn([getattr(sizes, axis) for axis in axes], dtype=torch.float64)
    if not values.is_floating_point():
        return values
    is_parameter = "*" in name
    if dtype == torch.bfloat16 and not is_parameter:
        values = values.bfloat16()
    return values.to(torch.float64 if dtype == torch.float64 else torch.float32)


def case_of(op, row, dtype, gpu, name, with_nan):
    sizes = draw_sizes(row)
    state = torch.get_rng_state()
    inputs = {}
    for marked, axes in row.inputs.items():
        if marked in ("targets!", "included!"):
            torch.set_rng_state(state)  # both are drawn from one state
        tensor = draw(row, marked, axes, sizes, dtype)
        inputs[marked.rstrip("*!")] = Input(tensor, gradient="!" not in marked,
                                            parameter="*" in marked)
    if with_nan:
        next(iter(inputs.values())).tensor.view(-1)[0] = torch.nan
    call = Call(lambda e, *names: row.steps(sizes, e, *names), inputs, terms=row.terms(sizes),
                moves=row.moves, changes=row.changes,
                gain=row.gain(*(given.tensor for given in inputs.values())))
    return Case(op, name, call, lambda leaves: row.theirs(sizes, *leaves), dtype, gpu=gpu)


def collect(report, wanted):
    """Yields cases whose names are wanted."""
    if not torchvision:
        report.note("roi_align: torchvision is not installed")
    for op, row in TABLE.items():
        for dtype, gpu in PLACES:
            title = f"{'GPU' if gpu else 'CPU'} {str(dtype).removeprefix('torch.')}"
            random.seed(zlib.crc32(op.encode()))
            torch.manual_seed(zlib.crc32(op.encode()))
            for number in [*range(SHAPES_PER_OP)] + ["NaN"] * row.nan:
                name = f"{op}/{title}/{number}"
                if wanted(name) and (row.bf16 or dtype != torch.bfloat16):
                    yield case_of(op, row, dtype, gpu, name, number == "NaN")
