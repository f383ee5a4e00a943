"""AdamW and SGD beside torch.optim's, with the options of PyTorch's OptimizerInfo.

Six steps take gradients that are given, in some cases not for every parameter in every step, with
and without clipping. Every step rounds about 16 numbers that are at most as large as the parameter
and its update, so after t steps the parameters may differ by u·16·t times the largest of these.
Theirs are computed in double.
"""

import dataclasses
import zlib

import numpy as np
import torch

from suites.cases import ROUNDING, difference, largest
from suites.engine import NoResult

STEPS = 6
SHAPES = ((3, 5), (7,), (1,))
# Which parameters have a gradient, step by step.
GIVEN = {
    "a gradient in every step": [(1, 1, 1)] * STEPS,
    "no gradient in some steps": [(1, 1, 1), (1, 0, 1), (1, 0, 0), (1, 1, 1), (0, 1, 1), (1, 1, 1)],
    "a first gradient late": [(1, 0, 1), (1, 0, 1), (1, 0, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1)],
}
# What of theirs the engine has under which name; all else must have this value.
ENGINES = {"adamw": {"lr": 1e-3, "weight_decay": 1e-2, "betas": (0.9, 0.999), "eps": 1e-8},
           "sgd": {"lr": 1e-3, "weight_decay": 0.0, "momentum": 0.0}}
PLACES = {"CPU float64": (torch.float64, False), "CPU float32": (torch.float32, False),
          "GPU float32": (torch.float32, True)}
THEIRS = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


@dataclasses.dataclass
class Case:
    op: str
    name: str
    options: dict
    given: list
    clip_norm: float
    dtype: torch.dtype
    gpu: bool

    def prepare(self):
        torch.manual_seed(zlib.crc32(self.name.encode()))
        self.start = [torch.randn(shape, dtype=self.dtype) for shape in SHAPES]
        self.gradients = [torch.randn((STEPS, *shape), dtype=self.dtype) for shape in SHAPES]
        self.rates = [self.options["lr"] * (STEPS - t) / STEPS for t in range(STEPS)]
        parameters = [torch.nn.Parameter(start.double().clone()) for start in self.start]
        optimizer = THEIRS[self.op](parameters, **self.options)
        self.after = [[] for _ in parameters]
        for t, (rate, given) in enumerate(zip(self.rates, self.given)):
            for parameter, gradient, has in zip(parameters, self.gradients, given):
                parameter.grad = gradient[t].double().clone() if has else None
            if self.clip_norm:
                torch.nn.utils.clip_grad_norm_(parameters, self.clip_norm)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            for behind, parameter in zip(self.after, parameters):
                behind.append(parameter.detach().clone())

    def description(self):
        tensors = {"given": np.array(self.given, dtype=np.int64),
                   "rates": np.array(self.rates, dtype=np.float64)}
        for i, (start, gradient) in enumerate(zip(self.start, self.gradients)):
            tensors[f"p{i}"], tensors[f"g{i}"] = start.numpy(), gradient.numpy()
        step = {"op": "optimizer", "kind": self.op, "clip_norm": self.clip_norm,
                "weight_decay": self.options["weight_decay"],
                "momentum": self.options.get("momentum", 0.0)}
        return {"steps": [step], "returns": [f"p{i}.after" for i in range(len(SHAPES))],
                "device": "cuda" if self.gpu else "cpu"}, tensors

    def differences(self, results):
        if isinstance(results, NoResult):
            return [str(results)]
        lines = []
        for i, behind in enumerate(self.after):
            ours = torch.from_numpy(results[f"p{i}.after"])
            previous = self.start[i].double()
            for t, theirs in enumerate(behind):
                size = max(largest(theirs), largest(theirs - previous))
                found = difference(ours[t], theirs, theirs,
                                   ROUNDING[self.dtype] * 16 * (t + 1) * size)
                previous = theirs
                if found:
                    lines.append(f"parameter {i} behind step {t + 1}: {found}")
                    break
        return lines


def options_of(engine, kwargs):
    """With the defaults; the reason instead where the engine lacks one."""
    extra = [name for name, value in kwargs.items()
             if name not in ENGINES[engine] and value not in (False, None, 0)
             or name in ("betas", "eps") and value != ENGINES[engine][name]]
    if extra:
        return f"{', '.join(sorted(extra))}: not in the engine"
    return ENGINES[engine] | {name: float(value) if name == "lr" else value
                              for name, value in kwargs.items() if name in ENGINES[engine]}


def collect(report, wanted):
    """Yields cases whose names are wanted; tells the report what is skipped."""
    from torch.testing._internal.common_optimizers import optim_db
    infos = {info.name.lower(): info for info in optim_db if info.name.lower() in ENGINES}
    for engine, info in infos.items():
        for variant in info.optim_inputs_func(device="cpu"):
            options = options_of(engine, variant.kwargs)
            if isinstance(options, str):
                report.skip(engine, options)
                continue
            for title, given in GIVEN.items():
                for clip_norm in (0.0, 0.5):
                    for place, (dtype, gpu) in PLACES.items():
                        clipped = ", clipped" if clip_norm else ""
                        name = f"{engine}/{variant.desc}, {title}{clipped}/{place}"
                        if wanted(name):
                            yield Case(engine, name, options, given, clip_norm, dtype, gpu)
