"""Writes checkpoints with PyTorch itself, and what is to be read from each.

    python3 tests/peers/torch_checkpoints.py OUT_DIR

For every checkpoint OUT_DIR/{containers,names}/NAME.EXTENSION there is a NAME.safetensors beside it
with the tensors to be read. In `containers` these bear the names of the file; in `names` the files
bear the names that other projects give to a ResNet's tensors, the expected ones those of SPEC §7.
tests/torch_checkpoints/ holds what this wrote once, and the configs of `names`.
"""

import argparse
import collections
import datetime
import io
import pathlib
import re
import sys
import zipfile

import numpy as np
import torch
from torch import nn

import safetensors_io
from model.config import read_config
from model.micro_dualnet import MicroDualNet

CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "torch_checkpoints"


class History:
    """Of a class that no reader knows, as training frameworks save them."""

    def __init__(self):
        self.values = np.arange(3.0)
        self.window = 20


# ---- Containers: every type and layout a tensor can have ----

def random(*shape):
    return torch.randn(*shape, generator=random.generator)


def all_layouts():
    """Returns {name: tensor}, as a state dict would hold them."""
    shared = random(6, 8)
    special = torch.tensor([0.0, -0.0, 1.0, float("inf"), -float("inf"), float("nan"), 6e-8, 65504])
    return collections.OrderedDict([
        ("float32", random(2, 3, 5)),
        ("float64", random(4, 2).double()),
        ("float16", torch.cat([random(9), special]).half()),
        ("bfloat16", torch.cat([random(9), special, torch.tensor([1e-40, 3e38])]).bfloat16()),
        ("int64", torch.tensor([[-2**62, 7], [0, 2**40]])),
        ("int32", torch.tensor([-2**31, 0, 2**31 - 1], dtype=torch.int32)),
        ("uint8", torch.arange(250, 256, dtype=torch.uint8)),
        ("bool", torch.tensor([True, False, True])),
        ("int16", torch.tensor([1, -2], dtype=torch.int16)),
        ("complex64", torch.tensor([1 + 2j])),
        ("scalar", torch.tensor(-1.5)),
        ("count", torch.tensor(3)),
        ("empty", torch.empty(0, 4)),
        ("parameter", nn.Parameter(random(3, 2))),
        ("shared.whole", shared),
        ("shared.rows", shared[2:5]),
        ("shared.columns", shared[:, 3:5]),
        ("shared.every_other", shared[1::2, ::3]),
        ("transposed", random(4, 7).t()),
        ("permuted", random(2, 3, 4, 5).permute(3, 0, 2, 1)),
        ("channels_last", random(3, 4, 2, 2).contiguous(memory_format=torch.channels_last)),
        ("transposed_half", random(3, 5).half().t()),
        ("diagonal", random(5, 5).diagonal()),
        ("repeated", torch.tensor([2.5]).expand(3, 4)),
        ("repeated_rows", random(4).expand(3, 4)),
        # Views that share their numbers with others and say that theirs are the negative.
        ("negated", torch._neg_view(random(3, 4))),
        ("negated_parameter", nn.Parameter(torch._neg_view(random(2)))),
        ("imaginary", torch.conj(torch.complex(random(5), random(5))).imag),
        ("conjugate", torch.conj(torch.complex(random(2), random(2)))),
        ("quantised", torch.quantize_per_tensor(random(3), 0.1, 0, torch.qint8)),
        ("sparse", torch.eye(3).to_sparse()),
        ("meta", torch.empty(2, 3, device="meta")),
        ("float8", random(3).to(torch.float8_e4m3fn)),
    ])


# Refused one by one when they are asked for.
UNREAD = {"int16", "complex64", "conjugate", "quantised", "sparse", "meta", "float8"}


def widened(tensor):
    """What a reader makes of it: the types that the engine has."""
    tensor = tensor.detach().resolve_neg().contiguous()
    if tensor.dtype in (torch.float16, torch.bfloat16):
        tensor = tensor.float()
    if tensor.dtype == torch.int32:
        tensor = tensor.long()
    if tensor.dtype == torch.bool:
        tensor = tensor.byte()
    return tensor.numpy()


def wrapped(state_dict):
    """A training script's checkpoint: much beside the tensors, some of it shared or recursive."""
    weight = nn.Parameter(random(3, 2))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    weight.sum().backward()
    optimizer.step()
    recursive = [1, 2]
    recursive.append(recursive)
    return {
        "meta": {"time": datetime.datetime(2024, 2, 29, 12, 30), "epoch": 50,
                 "config": "optimizer = dict(type='SGD', lr=0.02)\n" * 200,
                 "args": argparse.Namespace(lr=0.02, gpus=[0, 1]), "classes": None,
                 "accuracy": np.float64(0.625), "ids": {1, 2}, "big": 2**80, "negative": -3,
                 "device": torch.device("cpu"), "size": torch.Size([2, 3]), "kept": (True, False)},
        "state_dict": state_dict,
        "optimizer": optimizer.state_dict(),
        "recursive": recursive,
        "history": History(),
        "counter": collections.Counter("abracadabra"),
    }


def expected_of_wrapped(checkpoint):
    expected = {f"state_dict.{name}": widened(tensor)
                for name, tensor in checkpoint["state_dict"].items() if name not in UNREAD}
    for number, state in checkpoint["optimizer"]["state"].items():
        expected[f"optimizer.state.{number}.momentum_buffer"] = widened(state["momentum_buffer"])
    return expected


def in_big_endian(zip_bytes):
    """The same archive as a big-endian machine would have written it."""
    source = zipfile.ZipFile(io.BytesIO(zip_bytes))
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if re.search(r"/data/\d+$", entry.filename):
                content = np.frombuffer(content, dtype=np.float32).byteswap().tobytes()
            if entry.filename.endswith("/byteorder"):
                content = b"big"
            target.writestr(entry.filename, content)
    return result.getvalue()


class Model(nn.Module):
    """Saved whole, as torch.save(model) does."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False), nn.BatchNorm2d(2))
        self.head = nn.Linear(2, 3)


def write_containers(folder):
    folder.mkdir(parents=True, exist_ok=True)

    def save(name, checkpoint, expected, **options):
        torch.save(checkpoint, folder / f"{name}.pth", **options)
        safetensors_io.save(folder / f"{name}.safetensors", expected)

    checkpoint = wrapped(all_layouts())
    expected = expected_of_wrapped(checkpoint)
    save("zip", checkpoint, expected)
    save("legacy", checkpoint, expected, _use_new_zipfile_serialization=False)
    save("zip_protocol4", checkpoint, expected, pickle_protocol=4)
    save("zip_protocol1", checkpoint, expected, pickle_protocol=1)
    save("legacy_protocol1", checkpoint, expected, pickle_protocol=1,
         _use_new_zipfile_serialization=False)
    save("legacy_protocol4", checkpoint, expected, pickle_protocol=4,
         _use_new_zipfile_serialization=False)

    model = Model()
    state = {name: widened(tensor) for name, tensor in model.state_dict().items()}
    save("whole_model", model, state)
    save("whole_model_legacy", model, state, _use_new_zipfile_serialization=False)

    floats = {"a": random(3, 4), "b": random(5, 2).t()}
    buffer = io.BytesIO()
    torch.save(floats, buffer)
    (folder / "big_endian.pth").write_bytes(in_big_endian(buffer.getvalue()))
    safetensors_io.save(folder / "big_endian.safetensors",
                        {name: widened(tensor) for name, tensor in floats.items()})


# ---- Names: one ResNet under the names of six projects ----

def random_backbone(config):
    """Random parameters and statistics of a TSM-ResNet under SPEC §7's names."""
    model = MicroDualNet(config)
    state = collections.OrderedDict()
    for name, tensor in model.state_dict().items():
        if name.startswith("backbone."):
            counter = name.endswith("num_batches_tracked")
            state[name] = torch.tensor(1000) if counter else random(*tensor.shape)
            if name.endswith("running_var"):
                state[name] = state[name].square() + 0.1
    return state


def torchvision_names(state):
    return {name.removeprefix("backbone."): tensor for name, tensor in state.items()}


def mmaction2_names(state, shift_every=1):
    """shift_every: 0 for a network without shifts."""
    def wrap_if_shifted(match):
        shifted = shift_every and int(match[2]) % shift_every == 0
        return match[1] + (".net." if shifted else ".")

    def rename(name):
        name = re.sub(r"\bbn(\d)\.", r"conv\1.bn.", name)
        name = re.sub(r"\b(conv\d)\.weight", r"\1.conv.weight", name)
        name = name.replace("downsample.0.", "downsample.conv.").replace("downsample.1.",
                                                                         "downsample.bn.")
        return re.sub(r"(layer\d\.(\d+)\.conv1\.conv)\.", wrap_if_shifted, name)
    return {rename(name): tensor for name, tensor in state.items()}


def mit_names(state):
    def rename(name):
        name = name.replace("backbone.", "module.base_model.")
        return re.sub(r"(layer\d\.\d+\.conv1)\.weight", r"\1.net.weight", name)
    return {rename(name): tensor for name, tensor in state.items()}


def hugging_face_names(state):
    def rename(name):
        name = name.replace("backbone.conv1.", "resnet.embedder.embedder.convolution.")
        name = name.replace("backbone.bn1.", "resnet.embedder.embedder.normalization.")
        name = name.replace(".downsample.0.", ".shortcut.convolution.")
        name = name.replace(".downsample.1.", ".shortcut.normalization.")
        name = re.sub(r"backbone\.layer(\d)\.(\d+)",
                      lambda m: f"resnet.encoder.stages.{int(m[1]) - 1}.layers.{m[2]}", name)
        return re.sub(r"\.(conv|bn)(\d)\.",
                      lambda m: f".layer.{int(m[2]) - 1}."
                                f"{'convolution' if m[1] == 'conv' else 'normalization'}.", name)
    return {rename(name): tensor for name, tensor in state.items()}


def sequential_names(state):
    """nn.Sequential(*resnet.children()), with the pooling and the classifier behind layer4."""
    def rename(name):
        name = name.removeprefix("backbone.")
        name = re.sub(r"^conv1\.", "0.", re.sub(r"^bn1\.", "1.", name))
        return re.sub(r"^layer(\d)", lambda match: str(int(match[1]) + 3), name)
    return {rename(name): tensor for name, tensor in state.items()}


def write_names(folder):
    folder.mkdir(parents=True, exist_ok=True)
    half, brain, legacy = torch.float16, torch.bfloat16, False

    def save(name, config, rename, head, wrap=lambda state: state, dtype=None, zipped=True,
             extension="pth"):
        state = random_backbone(read_config(CONFIGS / f"{config}.json"))
        if dtype:
            state = {key: tensor.to(dtype) if tensor.is_floating_point() else tensor
                     for key, tensor in state.items()}
        renamed = collections.OrderedDict(rename(state))
        for key in ("weight", "bias"):
            renamed[f"{head}.{key}"] = random(5, 4) if key == "weight" else random(5)
        path = folder / f"{name}.{config}.{extension}"
        torch.save(wrap(renamed), path, _use_new_zipfile_serialization=zipped)
        safetensors_io.save(path.with_suffix(".safetensors"),
                            {key: widened(tensor) for key, tensor in state.items()
                             if not key.endswith("num_batches_tracked")})

    save("torchvision", "basic", torchvision_names, "fc")
    save("sequential", "bottleneck", sequential_names, "9",
         lambda s: {"_orig_mod." + key: tensor for key, tensor in s.items()})
    save("mmaction2_tsm", "bottleneck", mmaction2_names, "cls_head.fc_cls", wrapped)
    save("mmaction2_tsn", "basic", lambda s: mmaction2_names(s, shift_every=0), "cls_head.fc_cls",
         lambda s: {"state_dict": s, "meta": {}}, half, legacy)
    save("mit_tsm", "basic", mit_names, "module.new_fc",
         lambda s: {"epoch": 50, "arch": "resnet50", "state_dict": s, "best_prec1": torch.tensor(7.5)},
         zipped=legacy)
    save("hugging_face", "bottleneck", hugging_face_names, "classifier.1", dtype=brain,
         extension="bin")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", type=pathlib.Path)
    out_dir = parser.parse_args().out_dir
    random.generator = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    write_containers(out_dir / "containers")
    write_names(out_dir / "names")


if __name__ == "__main__":
    sys.exit(main())
