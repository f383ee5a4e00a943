"""Compares the Grad-CAM of `explain` with one that PyTorch's autograd computes in double.

    python3 tests/peers/grad_cam.py [--program build/microdualnet]
    python3 tests/peers/grad_cam.py --weights W.safetensors --data DIR --clip NAME [--clip NAME ...]

The program writes a clip's page, and by `trace` the frames and boxes that it read. The peer
(tests/peers/model) computes the features, the logits and the gradients from these itself, so that
the whole way is checked: the view of the clip, the weights, the gradient on all ways from the
features to a class, the mean over places, the sum over channels, and what the page shows of it.
Without weights, it renders a small dataset and trains some variants of `tiny` for one epoch. Exit
code 1 if anything differs, 2 if PyTorch is missing.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import torch
except ImportError:
    sys.exit(print("grad_cam: PyTorch is not installed", file=sys.stderr) or 2)

import safetensors_io
from model.config import make_config
from model.micro_dualnet import MicroDualNet

VARIANTS = {
    "both paths and a router": {},
    "one path": {"paths": "st"},
    "the mean of both paths": {"fusion": "mean", "mac_weight": 0},
    "fixed regions": {"modality": "rgb", "regions": "fixed"},
    "no body parts": {"modality": "rgb", "regions": "none"},
}
# The page has thousandths of the map's largest value. The program computes in f32.
ROUNDED, RELATIVE = 0.5e-3, 1e-4


def page_of(path):
    """The data of a page of `explain`."""
    with open(path, encoding="utf-8") as file:
        return json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', file.read(),
                                    re.S)[1])


def grad_cam(model, frames, boxes, cls):
    """[T,H,W] by the formula of docs/explain.md."""
    with torch.no_grad():
        features = model.backbone(frames.flatten(0, 1).permute(0, 3, 1, 2))  # [T,C,H,W]
    features.requires_grad_()
    logit = model.head(features, 1, boxes)["logits"][0, cls]
    gradient, = torch.autograd.grad(logit, features)
    weight = gradient.mean((0, 2, 3))
    return torch.einsum("c,tchw->thw", weight, features.detach()).clamp(min=0)


def compare(run, weights, data, clip, folder):
    """How far the page's maps are from the peer's, in units of each map's largest value."""
    page, tensors = os.path.join(folder, "clip.html"), os.path.join(folder, "clip.safetensors")
    run("explain", clip, "--data", data, "--weights", weights, "--output", page)
    run("trace", "--dataset", data, "--clip", clip, "--weights", weights, "--output", tensors)
    _, metadata = safetensors_io.load_with_metadata(weights)
    config = make_config(json.loads(metadata["config"]))
    model = MicroDualNet(config)
    with torch.no_grad():
        model.load(weights)
    model.double().eval()
    read = {name: torch.from_numpy(array).double()
            for name, array in safetensors_io.load(tensors).items() if name in ("frames", "boxes")}
    with open(os.path.join(data, "labels.txt"), encoding="utf-8") as file:
        numbers = {line.rstrip("\n").split("\t")[1]: int(line.split("\t")[0]) for line in file}
    shown = page_of(page)
    worst = 0
    for of_class in shown["class_maps"]:
        cls = numbers[shown["classes"][of_class["class"]]]
        expected = grad_cam(model, read["frames"], read.get("boxes"), cls)
        largest = max(expected.max().item(), 1e-12)
        found = torch.tensor(of_class["frames"]).view_as(expected) / 1000
        apart = (found * of_class["largest"] - expected).abs().max().item() / largest - ROUNDED
        worst = max(worst, apart, abs(of_class["largest"] / largest - 1))
    return worst, len(shown["class_maps"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", default="build/microdualnet")
    parser.add_argument("--weights")
    parser.add_argument("--data")
    parser.add_argument("--clip", action="append", default=[])
    options = parser.parse_args()

    def run(*arguments):
        subprocess.run([options.program, *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    failures = 0

    def report(title, weights, data, clip, folder):
        worst, maps = compare(run, weights, data, clip, folder)
        passes = maps > 0 and worst <= RELATIVE
        print(f"{'ok  ' if passes else 'FAIL'} {title}: {clip}, {maps} maps, "
              f"{max(worst, 0):.1e} of the largest value apart beside rounding")
        return not passes

    with tempfile.TemporaryDirectory(prefix="mdn-grad-cam-") as folder:
        if options.weights:
            for clip in options.clip:
                failures += report(options.weights, options.weights, options.data, clip, folder)
        else:
            data = os.path.join(folder, "data")
            run("synth", "--out", data, "--subjects", "5", "--clips-per-class", "5")
            with open(os.path.join(data, "test.txt"), encoding="utf-8") as file:
                clip = file.readline().split()[0]
            for title, changes in VARIANTS.items():
                config, out = os.path.join(folder, "config.json"), os.path.join(folder, "run")
                with open(config, "w", encoding="utf-8") as file:
                    json.dump({"preset": "tiny", "classes": 16, **changes}, file)
                run("train", "--config", config, "--data", data, "--out", out, "--overwrite",
                    "--epochs", "1", "--val", "none")
                failures += report(title, os.path.join(out, "last.safetensors"), data, clip,
                                   folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
