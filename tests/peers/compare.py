"""Runs our program and the PyTorch peer in turn on the same weights and input; prints the ratios.

    python3 tests/peers/compare.py [--pairs 3] [--program build/microdualnet]

For each case the logits of both must agree before anything is timed. Every pair runs the two programs
one after the other, so that a machine whose speed drifts treats both alike; the ratio is the
median over pairs of PyTorch's median time to ours (above 1: we are faster). Peak memory is the
resident peak of each process; PyTorch's includes its own code, which is listed apart.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import torch

import bench
import safetensors_io
from model.config import make_config
from model.micro_dualnet import MicroDualNet

# preset, mode, clips, repeats
CASES = {"cpu": [("tiny", "forward", 16, 9), ("tiny", "train", 16, 9),
                 ("paper-ma52", "forward", 1, 3), ("paper-ma52", "train", 2, 2)],
         "cuda": [("paper-ma52", "forward", 1, 50), ("paper-ma52", "forward", 32, 20),
                  ("paper-ma52", "train", 8, 20), ("paper-ma52", "train", 32, 10),
                  ("paper-ma52", "head", 8, 50), ("paper-ma52", "head", 32, 20)]}


class Failed(Exception):
    """A program failed, or computed something else: one row less, not the end."""


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def run_pairs(ours, theirs, count, paths, tolerance):
    """What both programs print, `count` times in turn, once their logits are found to agree."""
    pairs = []
    for pair in range(count):
        write = pair == 0
        pairs.append((run(ours + (["--output", paths["ours"]] if write else [])),
                      run(theirs + (["--output", paths["theirs"]] if write else []))))
        if write:
            a, b = (safetensors_io.load(paths[who])["logits"] for who in ("ours", "theirs"))
            error = np.linalg.norm(a - b) / np.linalg.norm(b)
            if not error < tolerance:
                raise Failed(f"the logits differ by {error:.1e}")
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--program", default="build/microdualnet")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--compile", metavar="MODE", choices=["default", "reduce-overhead"],
                        help="the peer through torch.compile; reduce-overhead: with CUDA graphs")
    arguments = parser.parse_args()
    peer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.py")

    failed = False
    how = f", torch.compile ({arguments.compile})" if arguments.compile else ""
    print(f"PyTorch {torch.__version__}{how}; each row the median of {arguments.pairs} pairs")
    print(f"{'case':<26}{'ours s':>9}{'PyTorch s':>11}{'ratio':>8}{'GFLOP/s':>9}{'of peak':>9}"
          f"{'ours MiB':>10}{'PyTorch MiB':>13}{'(import)':>10}")
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name + ".safetensors")
                 for name in ("weights", "input", "ours", "theirs")}
        for preset, mode, clips, repeats in CASES[arguments.device]:
            torch.manual_seed(1)
            config = make_config({"preset": preset})
            MicroDualNet(config).save(paths["weights"])
            safetensors_io.save(paths["input"], {
                name: tensor.numpy() for name, tensor in bench.random_input(config, clips).items()})
            shared = ["--preset", preset, "--mode", mode, "--repeats", str(repeats),
                      "--device", arguments.device, "--precision", arguments.precision,
                      "--weights", paths["weights"], "--input", paths["input"]]
            ours = [arguments.program, "bench", "--json", *shared]
            theirs = [sys.executable, peer, *shared]
            if arguments.compile:
                theirs += ["--compile", arguments.compile]
            # bf16 keeps 8 bits of a number, and the model is some fifty layers deep.
            tolerance = 1e-4 if arguments.precision == "f32" else 5e-2
            try:
                pairs = run_pairs(ours, theirs, arguments.pairs, paths, tolerance)
            except Failed as error:
                print(f"{preset}, {mode}, {clips}: {error}", flush=True)
                failed = True
                continue

            def median(side, key):
                return statistics.median(pair[side][key] for pair in pairs)

            ratio = statistics.median(b["median_s"] / a["median_s"] for a, b in pairs)
            peak = median(0, "fma_peak_gflops")
            print(f"{f'{preset}, {mode}, {clips}':<26}{median(0, 'median_s'):>9.3f}"
                  f"{median(1, 'median_s'):>11.3f}{ratio:>8.2f}{median(0, 'gflops'):>9.0f}"
                  f"{100 * median(0, 'gflops') / peak:>8.0f}%{median(0, 'peak_rss_mib'):>10.0f}"
                  f"{median(1, 'peak_rss_mib'):>13.0f}{median(1, 'rss_after_import_mib'):>10.0f}",
                  flush=True)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
