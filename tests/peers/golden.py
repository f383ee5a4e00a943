"""Checks the PyTorch peer against tests/golden: outputs, losses, every gradient, overfit curves.

    python3 tests/peers/golden.py [--double] [CASE_DIR ...]

Exit code 1 if anything is outside the tolerances: SPEC §9's, or with --double far narrower ones,
which also see what rounding hides (a parameter in the wrong weight decay group moves an overfit
loss by 2e-4 to 2e-3).
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch

import safetensors_io
from model.config import read_config
from model.micro_dualnet import MicroDualNet
from optimizer import make_optimizer

# Of ‖a − b‖ / ‖b‖ for outputs and gradients, of each loss at each step for the curves. The expected
# tensors are stored as float32, the curves' losses in full.
TOLERANCES = {
    torch.float32: {"outputs": 1e-4, "gradients": 1e-3, "curve": 1e-2},
    torch.float64: {"outputs": 1e-6, "gradients": 1e-6, "curve": 1e-9},
}
CURVE_LOSSES = ("loss", "loss_ce", "loss_mac")


class Case:
    def __init__(self, folder, dtype):
        self.folder, self.dtype, self.tolerance = folder, dtype, TOLERANCES[dtype]
        self.config = read_config(folder / "config.json")
        self.config.update(dropout=0.0, head_dropout=0.0)  # SPEC §9: none in trace and overfit
        stored = safetensors_io.load(folder / "input.safetensors")
        self.inputs = {name: torch.from_numpy(stored[name]).to(dtype)
                       for name in ("frames", "boxes", "joints") if name in stored}
        self.labels = torch.from_numpy(stored["labels"])

    def model(self, training):
        model = MicroDualNet(self.config)
        model.load(self.folder / "weights.safetensors")
        return model.to(self.dtype).to(memory_format=torch.channels_last).train(training)

    def run(self, model):
        return model.losses(model(**self.inputs), self.labels)


def relative_error(actual, expected):
    actual = actual.detach().double().numpy().reshape(expected.shape)
    difference = np.linalg.norm(actual - expected.astype(np.float64))
    return difference / max(np.linalg.norm(expected.astype(np.float64)), 1e-30)


def worst(title, errors, tolerance):
    """Prints the largest of {name: error}; returns whether all are within the tolerance."""
    name = max(errors, key=lambda key: (not np.isfinite(errors[key]), errors[key]))
    passed = all(error <= tolerance for error in errors.values())
    print(f"  {'ok  ' if passed else 'FAIL'} {title:<16} {len(errors):4d} compared, "
          f"worst {errors[name]:.2e} ({name}), tolerance {tolerance:g}")
    return passed


def check_trace(case, mode):
    expected = safetensors_io.load(case.folder / f"expected_{mode}.safetensors")
    model = case.model(training=mode == "train")
    out = case.run(model)
    wanted = {name for name in expected if not name.startswith("grad.")}
    if wanted != set(out):
        print(f"  FAIL {mode} outputs: names differ: {sorted(wanted ^ set(out))}")
        return False
    errors = {name: relative_error(out[name], expected[name]) for name in wanted}
    passed = worst(f"{mode} outputs", errors, case.tolerance["outputs"])
    if mode == "train":
        out["loss"].backward()
        gradients = {f"grad.{name}": parameter.grad for name, parameter in model.named_parameters()}
        wanted = {name for name in expected if name.startswith("grad.")}
        if wanted != set(gradients):
            print(f"  FAIL gradients: names differ: {sorted(wanted ^ set(gradients))}")
            return False
        errors = {name: relative_error(gradients[name], expected[name]) for name in wanted}
        passed &= worst("gradients", errors, case.tolerance["gradients"])
    return passed


def check_overfit(case, optimizer_name):
    lines = (case.folder / f"overfit_{optimizer_name}.jsonl").read_text().splitlines()
    steps = [json.loads(line) for line in lines]
    model = case.model(training=True)
    optimizer = make_optimizer(model, optimizer_name, steps[0]["lr"], steps[0]["weight_decay"],
                               steps[0]["momentum"])
    errors = {}
    for expected in steps:
        out = case.run(model)
        for name in CURVE_LOSSES:
            error = abs(out[name].item() - expected[name]) / abs(expected[name])
            errors[f"{name} at step {expected['step']}"] = error
        optimizer.zero_grad()
        out["loss"].backward()
        optimizer.step()
    return worst(f"overfit {optimizer_name}", errors, case.tolerance["curve"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", type=pathlib.Path, help="default: all of tests/golden")
    parser.add_argument("--double", action="store_true",
                        help="compute in float64 and hold to the narrower tolerances")
    arguments = parser.parse_args()
    golden = pathlib.Path(__file__).resolve().parent.parent / "golden"
    folders = arguments.cases or sorted(path.parent for path in golden.glob("*/config.json"))
    if not folders:
        print(f"no cases in {golden}")
        return 1
    passed = True
    for folder in folders:
        print(f"{folder.name} (torch {torch.__version__})")
        case = Case(folder, torch.float64 if arguments.double else torch.float32)
        for mode in ("eval", "train"):
            passed &= check_trace(case, mode)
        for optimizer in ("sgd", "adamw"):
            passed &= check_overfit(case, optimizer)
    print("passed" if passed else "FAILED")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
