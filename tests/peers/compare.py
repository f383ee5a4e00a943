"""Runs our program and its peers in turn on the same weights and input; prints the ratios.

    python3 tests/peers/compare.py [--pairs 3] [--peers eager,onnxruntime] [--cases tiny]

Peers are PyTorch eager (the better of its two memory layouts counts), torch.compile (on a CPU with
freezing in a forward pass), and, for forward passes on a CPU, ONNX Runtime and OpenVINO with the
model that `export` writes. Those that are not installed are left out. For each case the logits of
all must agree before anything is timed. Peers start and compile once per case. Every round runs all programs one after the other, ours
first and last alternately, so that a machine whose speed drifts treats all alike. A ratio is the
peer's median time to ours in one round (above 1: ours is faster); the table gives the median of the
rounds and the lowest and highest. Peak memory is the resident peak of each process, that of Python
includes what importing takes.

    python3 tests/peers/compare.py --scaling

times steps of 1 to 16 clips with each number of threads instead, ours and PyTorch eager.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

import bench
import safetensors_io
from model.config import make_config
from model.micro_dualnet import MicroDualNet

FOLDER = os.path.dirname(os.path.abspath(__file__))

# preset, mode, clips, repeats
CASES = {"cpu": [("tiny", "forward", 1, 25), ("tiny", "forward", 16, 9), ("tiny", "train", 4, 15),
                 ("tiny", "train", 16, 9), ("paper-ma52", "forward", 1, 3),
                 ("paper-ma52", "train", 2, 2)],
         "cuda": [("paper-ma52", "forward", 1, 50), ("paper-ma52", "forward", 32, 20),
                  ("paper-ma52", "train", 8, 20), ("paper-ma52", "train", 32, 10),
                  ("paper-ma52", "head", 8, 50), ("paper-ma52", "head", 32, 20)]}


class Failed(Exception):
    """A program failed, or computed something else: one row less, not the end."""


class Program:
    """Ours: started anew for every run."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def run(self, *more):
        result = subprocess.run(self.command + list(more), capture_output=True, text=True)
        if result.returncode != 0:
            raise Failed(f"{' '.join(self.command)} failed:\n{result.stderr}")
        return json.loads(result.stdout.splitlines()[-1])

    def close(self):
        pass


class Peer:
    """A program that starts (and compiles its model) once, and then waits for each run."""

    def __init__(self, name, command, environment=()):
        self.name, self.command = name, command + ["--serve"]
        self.environment = {**os.environ, **dict(environment)}
        self.process = None

    def run(self, *more):
        if self.process is None:
            self.messages = tempfile.TemporaryFile("w+")
            self.process = subprocess.Popen(self.command + list(more), text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.messages, env=self.environment)
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended: what it said follows
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        self.messages.seek(0)
        raise Failed(f"{' '.join(self.command)} failed:\n{self.messages.read()[-2000:]}")

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


def torch_peers(names, shared, mode, device):
    program = [sys.executable, os.path.join(FOLDER, "bench.py"), *shared]
    freezing = {"TORCHINDUCTOR_FREEZING": "1"} if mode == "forward" and device == "cpu" else {}
    peers = {"eager": [Peer("eager, channels last", program),
                       Peer("eager, contiguous", program + ["--layout", "contiguous"])],
             "compile": [Peer("torch.compile" + (", freezing" if freezing else ""),
                              program + ["--compile", "default"], freezing)],
             "reduce-overhead": [Peer("torch.compile, reduce-overhead",
                                      program + ["--compile", "reduce-overhead"])]}
    return [peer for name in names for peer in peers.get(name, [])]


def onnx_peers(names, paths, repeats, threads):
    return [Peer(name, [sys.executable, os.path.join(FOLDER, "onnx_bench.py"), "--engine", name,
                        "--model", paths["onnx"], "--input", paths["input"],
                        "--repeats", str(repeats), "--threads", str(threads)])
            for name in names if name in ("onnxruntime", "openvino")]


def check_logits(ours, peers, paths, tolerance):
    """Runs all once and returns the peers whose logits are ours."""
    ours.run("--output", paths["ours"])
    expected = safetensors_io.load(paths["ours"])["logits"]
    agreeing = []
    for peer in peers:
        try:
            peer.run("--output", paths["theirs"])
            logits = safetensors_io.load(paths["theirs"])["logits"]
            error = np.linalg.norm(logits - expected) / np.linalg.norm(expected)
            if not error < tolerance:
                raise Failed(f"its logits differ from ours by {error:.1e}")
            agreeing.append(peer)
        except Failed as failure:
            print(f"  {peer.name}: {failure}", flush=True)
    return agreeing


def run_alone(program):
    """Threads of the program before keep spinning when it has ended: they need not be paid here."""
    time.sleep(1)
    return program.run()


def run_rounds(ours, peers, count):
    """What all programs print, once per round: ours, and {peer: its line}."""
    rounds = []
    for number in range(count):
        order = [ours, *peers] if number % 2 == 0 else [*peers, ours]
        lines = {program.name: run_alone(program) for program in order}
        rounds.append((lines.pop(ours.name), lines))
    return rounds


def print_ratios(rounds, peers):
    def row(name, seconds, ratios, memory):
        spread = (f"{statistics.median(ratios):>8.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
                  if ratios else "")
        print(f"  {name:<32}{seconds:>10.4f} s{memory:>8.0f} MiB{spread}", flush=True)

    def median(values):
        return statistics.median(list(values))

    own = [mine for mine, _ in rounds]
    row("ours", median(line["median_s"] for line in own), [],
        median(line["peak_rss_mib"] for line in own))
    for peer in peers:
        lines = [theirs[peer.name] for _, theirs in rounds]
        row(f"{peer.name} {lines[0]['version'].split('+')[0]}", median(x["median_s"] for x in lines),
            [x["median_s"] / mine["median_s"] for x, mine in zip(lines, own)],
            median(x["peak_rss_mib"] for x in lines))
    best = [min(x["median_s"] for x in theirs.values()) / mine["median_s"]
            for mine, theirs in rounds]
    print(f"  against the best of them in each round: {median(best):.2f} "
          f"({min(best):.2f} to {max(best):.2f})")
    peak = median(line["fma_peak_gflops"] for line in own)
    gflops = median(line["gflops"] for line in own)
    performed = median(line.get("performed_gflops", line["gflops"]) for line in own)
    print(f"  ours: {gflops:.0f} GFLOP/s, {100 * gflops / peak:.0f} % of the multiply-add peak; "
          f"{100 * performed / peak:.0f} % without what Winograd's convolutions save", flush=True)


def compare(arguments, names):
    failed = False
    threads = arguments.threads
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name + (".onnx" if name == "onnx" else ".safetensors"))
                 for name in ("weights", "input", "ours", "theirs", "onnx")}
        for preset, mode, clips, repeats in CASES[arguments.device]:
            if arguments.cases not in f"{preset} {mode} {clips}":
                continue
            print(f"{preset}, {mode}, {clips} clips", flush=True)
            torch.manual_seed(1)
            config = make_config({"preset": preset})
            MicroDualNet(config).save(paths["weights"])
            safetensors_io.save(paths["input"], {
                name: tensor.numpy() for name, tensor in bench.random_input(config, clips).items()})
            shared = ["--preset", preset, "--mode", mode, "--repeats", str(repeats),
                      "--device", arguments.device, "--precision", arguments.precision,
                      "--weights", paths["weights"], "--input", paths["input"]]
            if arguments.device == "cpu":
                shared += ["--threads", str(threads)]
            ours = Program("ours", [arguments.program, "bench", "--json", *shared])
            # bf16 keeps 8 bits of a number, and the model is some fifty layers deep.
            tolerance = 1e-4 if arguments.precision == "f32" else 5e-2
            peers = torch_peers(names, shared, mode, arguments.device)
            try:
                if mode == "forward" and arguments.device == "cpu":
                    subprocess.run([arguments.program, "export", "--preset", preset, "--weights",
                                    paths["weights"], "--onnx", paths["onnx"]], check=True,
                                   capture_output=True)
                    peers += onnx_peers(names, paths, repeats, threads)
                agreeing = check_logits(ours, peers, paths, tolerance)
                failed = failed or len(agreeing) < len(peers)
                if agreeing:
                    print_ratios(run_rounds(ours, agreeing, arguments.pairs), agreeing)
            except Failed as error:
                print(f"  {error}", flush=True)
                failed = True
            finally:
                for peer in peers:
                    peer.close()
    return failed


def scaling(arguments):
    """Milliseconds per step of `tiny`: rows are clips, columns threads of ours and of PyTorch."""
    most = os.cpu_count()
    counts = sorted({1, *(n for n in (2, 4, 8, 16, 32) if n < most), most})
    for mode in ("forward", "train"):
        print(f"tiny, {mode}: ms with 1.. threads, the median of {arguments.pairs} runs in turn")
        print(f"{'clips':>6}" + "".join(f"{f'ours, {n}':>12}" for n in counts) +
              "".join(f"{f'PyTorch, {n}':>13}" for n in counts), flush=True)
        for clips in (1, 2, 4, 8, 16):
            shared = ["--preset", "tiny", "--mode", mode, "--clips", str(clips),
                      "--repeats", str(max(5, 32 // clips))]
            programs = [Program("ours", [arguments.program, "bench", "--json", *shared, "--threads",
                                      str(n)]) for n in counts]
            programs += [Peer("eager", [sys.executable, os.path.join(FOLDER, "bench.py"), *shared,
                                        "--threads", str(n)]) for n in counts]
            times = [[] for _ in programs]
            for _ in range(arguments.pairs):
                for program, of_program in zip(programs, times):
                    of_program.append(1e3 * run_alone(program)["median_s"])
            for program in programs:
                program.close()
            print(f"{clips:>6}" + "".join(
                f"{statistics.median(of_program):>{12 if i < len(counts) else 13}.1f}"
                for i, of_program in enumerate(times)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3, help="rounds in which every program runs")
    parser.add_argument("--program", default="build/microdualnet")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="on a CPU")
    parser.add_argument("--peers", help="those that run, of eager, compile, reduce-overhead, "
                        "onnxruntime, openvino; all that are installed by default")
    parser.add_argument("--cases", default="", help="only cases with this in 'preset mode clips'")
    parser.add_argument("--scaling", action="store_true", help="a table of clips and threads")
    arguments = parser.parse_args()
    if arguments.scaling:
        return scaling(arguments)
    on_cpu = arguments.device == "cpu"
    names = (arguments.peers.split(",") if arguments.peers else
             ["eager", "compile"] + (["onnxruntime", "openvino"] if on_cpu else
                                     ["reduce-overhead"]))
    for name in ("onnxruntime", "openvino"):
        if name in names and not importlib.util.find_spec(name):
            names.remove(name)
            print(f"{name} is not installed for {sys.executable}: left out")
    print(f"PyTorch {torch.__version__}; {arguments.pairs} rounds, {arguments.threads} threads; "
          "above 1, ours is faster")
    if compare(arguments, names):
        sys.exit(1)


if __name__ == "__main__":
    main()
