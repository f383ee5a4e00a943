"""Writes a reference case of the peer's numbers beside a config, in the form of tests/golden.

    python3 tests/peers/make_golden.py tests/golden/pose [--clips 4] [--seed 1]

Computed in float64, stored as float32 (the curves' losses in full): weights and input at random,
all tensors of SPEC §9 in both modes, every gradient, and eight steps of each optimizer.
"""

import argparse
import json
import pathlib

import numpy as np
import torch

import bench
import safetensors_io
from golden import CURVE_LOSSES, Case
from model.config import read_config
from model.micro_dualnet import MicroDualNet
from optimizer import make_optimizer

CURVES = {"sgd": {"lr": 0.01, "weight_decay": 0.01, "momentum": 0.9},
          "adamw": {"lr": 1e-3, "weight_decay": 0.05, "momentum": 0.9}}


def as_stored(tensor):
    array = tensor.detach().contiguous().numpy()
    return array.astype(np.float32) if array.dtype == np.float64 else array


def random_weights(config):
    """No value is left at its start, so that none is 0 or 1; variances stay positive."""
    model = MicroDualNet(config)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.is_floating_point():
                tensor.add_(0.1 * torch.randn_like(tensor))
    return model


def random_input(config, clips):
    """As bench's, but some joints are not there, as in life, and some boxes reach outside."""
    batch = bench.random_input(config, clips)
    if "joints" in batch:
        joints = batch["joints"]
        joints[..., 2] = torch.rand(joints.shape[:-1])
        joints[torch.rand(joints.shape[:-1]) < 0.2] = 0
    else:
        batch["boxes"] = 1.2 * batch["boxes"] - 0.1 * config["size"]
    return batch


def expected(case, mode):
    model = case.model(training=mode == "train")
    out = case.run(model)
    tensors = {name: as_stored(x.reshape(1) if x.dim() == 0 else x) for name, x in out.items()}
    if mode == "train":
        out["loss"].backward()
        for name, parameter in model.named_parameters():
            tensors["grad." + name] = as_stored(parameter.grad)
    return tensors


def curve(case, optimizer_name):
    settings = CURVES[optimizer_name]
    model = case.model(training=True)
    optimizer = make_optimizer(model, optimizer_name, **settings)
    lines = []
    for step in range(8):
        out = case.run(model)
        lines.append({"step": step, **{name: out[name].item() for name in CURVE_LOSSES},
                      "optimizer": optimizer_name, **settings})
        optimizer.zero_grad()
        out["loss"].backward()
        optimizer.step()
    return "".join(json.dumps(line) + "\n" for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="holds config.json already")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    folder = arguments.folder
    config = read_config(folder / "config.json")
    random_weights(config).save(folder / "weights.safetensors")
    safetensors_io.save(folder / "input.safetensors", {
        name: as_stored(x) for name, x in random_input(config, arguments.clips).items()})
    case = Case(folder, torch.float64)
    for mode in ("eval", "train"):
        safetensors_io.save(folder / f"expected_{mode}.safetensors", expected(case, mode))
    for name in CURVES:
        (folder / f"overfit_{name}.jsonl").write_text(curve(case, name))


if __name__ == "__main__":
    main()
