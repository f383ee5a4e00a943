"""Times the PyTorch peer: a forward pass, or a whole training step; prints one line of JSON.

    python3 tests/peers/bench.py --preset paper-ma52 --clips 2 --mode train [--threads 2]

A training step is forward in train mode (dropout as configured), backward and the optimizer's
update. With --output the logits of one untimed pass in eval mode, before any step, are written, so
that another program given the same --weights and --input can be compared.
"""

import argparse
import ctypes
import os
import statistics
import time

import numpy as np
import torch

import safetensors_io
from model.config import make_config, read_config
from model.micro_dualnet import MicroDualNet
from model.pose_encoder import JOINTS_PER_ENTITY
from optimizer import make_optimizer
from process import peak_rss_mib, print_measurements


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--preset", default="tiny", choices=["tiny", "paper-ma52", "paper-imigue"])
    model.add_argument("--config", help="JSON file; replaces --preset")
    parser.add_argument("--mode", default="forward", choices=["forward", "train", "head"])
    parser.add_argument("--clips", type=int, default=1, help="batch size, unless --input gives it")
    parser.add_argument("--optimizer", default="adamw", choices=["adamw", "sgd"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=5, help="timed runs, after one that is not")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16"],
                        help="bf16: autocast")
    parser.add_argument("--compile", metavar="MODE", choices=["default", "reduce-overhead"],
                        help="through torch.compile; reduce-overhead: with CUDA graphs")
    parser.add_argument("--layout", default="channels_last",
                        choices=["channels_last", "contiguous"])
    parser.add_argument("--malloc", default="keep", choices=["keep", "default"],
                        help="keep: reuse freed memory (faster, a few per cent more of it)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", help="safetensors to start from; random otherwise")
    parser.add_argument("--input", help="safetensors with frames, boxes, labels; random otherwise")
    parser.add_argument("--output", help="safetensors to write: logits")
    parser.add_argument("--serve", action="store_true",
                        help="time once per line of the input; the first runs compile")
    return parser.parse_args()


INPUTS = ("frames", "boxes", "joints")


def random_input(config, clips):
    """Frames ~ N(0,1) and boxes inside the frame of sides ≥ 1/16 of it, or joints ~ N(0,1);
    labels."""
    frames, entities, size = config["frames"], len(config["entities"]), config["size"]
    if config["modality"] == "pose":
        return {"joints": torch.randn(clips, frames, entities, JOINTS_PER_ENTITY, 3),
                "labels": torch.randint(config["classes"], (clips,))}
    corner = torch.rand(clips, frames, entities, 2) * 15 / 16
    side = 1 / 16 + torch.rand(clips, frames, entities, 2) * (15 / 16 - corner)
    return {"frames": torch.randn(clips, frames, size, size, 3),
            "boxes": torch.cat([corner, corner + side], -1) * size,
            "labels": torch.randint(config["classes"], (clips,))}


def keep_freed_memory():
    """Tells glibc's malloc to serve large blocks from its heap and never to give it back.

    By default every large tensor is mapped afresh and its pages are faulted in and zeroed again at
    every step. PyTorch's tuning guide has users preload another allocator against that; these two
    settings do the same with the one at hand.
    """
    trim_threshold, mmap_max = -1, -4  # M_TRIM_THRESHOLD, M_MMAP_MAX of <malloc.h>
    libc = ctypes.CDLL(None)
    if not (libc.mallopt(trim_threshold, -1) and libc.mallopt(mmap_max, 0)):
        raise OSError("mallopt refused the settings; run with --malloc default")


def main():
    arguments = parse_arguments()
    rss_after_import = peak_rss_mib()
    if arguments.malloc == "keep":
        keep_freed_memory()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    # float32 throughout, as the program this is compared with.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True

    config = (read_config(arguments.config) if arguments.config
              else make_config({"preset": arguments.preset}))
    model = MicroDualNet(config)
    if arguments.weights:
        model.load(arguments.weights)
    layout = (torch.channels_last if arguments.layout == "channels_last"
              else torch.contiguous_format)
    model = model.to(arguments.device).to(memory_format=layout)
    if arguments.input:
        stored = safetensors_io.load(arguments.input)
        batch = {name: torch.from_numpy(stored[name]) for name in INPUTS + ("labels",)
                 if name in stored}
    else:
        batch = random_input(config, arguments.clips)
    batch = {name: tensor.to(arguments.device) for name, tensor in batch.items()}
    inputs = {name: batch[name] for name in INPUTS if name in batch}
    clips = len(next(iter(inputs.values())))

    def precision():
        return torch.autocast(arguments.device, torch.bfloat16,
                              enabled=arguments.precision == "bf16")

    def compiled(function):
        return (torch.compile(function, mode=arguments.compile) if arguments.compile
                else function)

    run_model = compiled(model)

    def forward():
        with torch.inference_mode(), precision():
            return run_model(**inputs)

    if arguments.output:
        model.eval()
        logits = forward()["logits"].float().cpu().numpy()
        safetensors_io.save(arguments.output, {"logits": logits})

    optimizer = make_optimizer(model, arguments.optimizer, lr=1e-3, weight_decay=0.05)

    def training_step():
        optimizer.zero_grad(set_to_none=True)
        with precision():
            out = run_model(**inputs)
        # Losses in float32, as in the program this is compared with.
        out = model.losses({name: x.float() for name, x in out.items()}, batch["labels"])
        out["loss"].backward()
        optimizer.step()

    if arguments.mode == "head":
        model.eval()
        features = forward()["features"].clone().float()
        features = features.flatten(0, 1).permute(0, 3, 1, 2).requires_grad_()
        run_head = compiled(model.head)

    def head_pass():
        optimizer.zero_grad(set_to_none=True)
        features.grad = None
        with precision():
            out = run_head(features, clips, batch.get("boxes"))
        model.losses({name: x.float() for name, x in out.items()}, batch["labels"])["loss"].backward()

    model.train(arguments.mode != "forward")
    work = {"train": training_step, "head": head_pass, "forward": forward}[arguments.mode]
    on_gpu = arguments.device == "cuda"
    # cuDNN chooses and torch.compile translates in the first runs.
    warm_up = 4 if on_gpu or arguments.compile else 1

    def run():
        start = time.perf_counter()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter() - start

    for _ in range(warm_up):
        run()

    def measure():
        times = [run() for _ in range(arguments.repeats)]
        memory = torch.cuda.max_memory_reserved() / 2**20 if on_gpu else peak_rss_mib()
        return {
            "framework": "pytorch", "version": torch.__version__, "device": arguments.device,
            "layout": arguments.layout, "malloc": arguments.malloc, "threads": arguments.threads,
            "mode": arguments.mode,
            "optimizer": arguments.optimizer if arguments.mode == "train" else None,
            "preset": arguments.config or arguments.preset, "clips": clips,
            "median_s": statistics.median(times), "min_s": min(times), "times": times,
            "peak_rss_mib": memory, "rss_after_import_mib": 0 if on_gpu else rss_after_import,
        }

    print_measurements(measure, arguments.serve)


if __name__ == "__main__":
    main()
