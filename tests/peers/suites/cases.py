"""Cases: calls of others' functions whose results the engine must give too, with gradients.

How far apart two results may be follows from the rounding of the dtype, u (2⁻⁵³ or 2⁻²⁴), for each
tensor of results:

    |ours − theirs| ≤ u · (8 + terms) · (condition + largest)

- Theirs is computed in double.
- `terms` is the length of the longest sum in the call.
- `largest` is the largest number of the tensor; of a gradient, at least `gain` times that of dy.
- `condition` is how much the tensor changes at most, in units of u, when all inputs and dy are
  changed by a random part of one rounding each (three tries, measured in double).
- bf16 rounds what is read and written, not the sums: to the f32 bound comes a second one, with
  v = 2⁻⁹ for u, 4 for 8 + terms, and 1 for `gain`.
- Where an op only selects or moves numbers, the output must be the same to the bit.
- Where theirs, in the same dtype, is infinite or not a number, ours must be that too, or what
  theirs is in double.
"""

import dataclasses
import typing

import numpy as np
import torch

from suites.calls import Call, Engine
from suites.engine import NoResult

ROUNDING = {torch.float64: 2.0 ** -53, torch.float32: 2.0 ** -24, torch.bfloat16: 2.0 ** -24}
BF16_ROUNDING = 2.0 ** -9
ONE_ROUNDING = 2.0 ** -24


@dataclasses.dataclass
class Case:
    op: str
    name: str
    call: Call
    # Their function of the tensors of call.inputs that are theirs, in order.
    theirs: typing.Callable
    dtype: torch.dtype
    gradients: bool = True
    expected: typing.Optional[torch.Tensor] = None  # what their suite gives as output
    gpu: bool = False
    dy: typing.Optional[torch.Tensor] = None
    exact: dict = dataclasses.field(default_factory=dict)
    native: dict = dataclasses.field(default_factory=dict)

    def inputs(self):
        """Those that are theirs."""
        return {name: given for name, given in self.call.inputs.items() if not given.own}

    def evaluate(self, values, dy):
        """Their output y, and their gradients, {"y": …, "dx": …}; `values` are copied."""
        leaves = [value.detach().clone() for value in values]
        wanted = []
        for leaf, (name, given) in zip(leaves, self.inputs().items()):
            if self.gradients and given.gradient and leaf.is_floating_point():
                wanted.append(name)
                leaf.requires_grad_()
        y = self.theirs(leaves)
        results = {"y": y.detach()}
        results.update({name: leaf.detach() for leaf, name in zip(leaves, self.inputs())
                        if name in self.call.changes})
        if dy is not None and wanted:
            sources = [leaf for leaf, name in zip(leaves, self.inputs()) if name in wanted]
            found = torch.autograd.grad(y, sources, dy.to(y.dtype), allow_unused=True)
            for name, leaf, gradient in zip(wanted, sources, found):
                results["d" + name] = torch.zeros_like(leaf) if gradient is None else gradient
        return results

    def prepare(self):
        """Has theirs compute; draws dy."""
        values = [given.tensor for given in self.inputs().values()]
        if self.gradients:
            y = self.evaluate(values, None)["y"]
            self.dy = rounded(torch.randn(y.shape, dtype=torch.float64).to(y.dtype), self.dtype)
        native = self.evaluate(values, self.dy)
        doubles = [value.double() if value.is_floating_point() else value for value in values]
        dy = None if self.dy is None else self.dy.double()
        exact = native if self.dtype == torch.float64 else self.evaluate(doubles, dy)
        condition = {name: 0.0 for name in exact}
        for _ in range(0 if self.call.moves else 3):
            moved = self.evaluate([changed(value) for value in doubles],
                                  None if dy is None else changed(dy))
            for name, tensor in moved.items():
                condition[name] = max(condition[name], largest(tensor - exact[name]) / ONE_ROUNDING)
        self.tolerance = {name: self.bound(name, largest(tensor), condition[name])
                          for name, tensor in exact.items()}
        if self.expected is not None:
            native["y"] = self.expected
        layouts = {"y": self.call.out}
        for name, given in self.inputs().items():
            layouts["d" + name] = layouts[name] = given.layout
        self.exact = {name: layouts[name](tensor) for name, tensor in exact.items()}
        self.native = {name: layouts[name](tensor) for name, tensor in native.items()}

    def bound(self, name, size, condition):
        """How far ours may be from theirs; `size` is theirs' largest number."""
        if self.call.moves and name == "y":
            return 0.0
        dy = 0.0 if name in ("y", *self.call.changes) else largest(self.dy)
        tolerance = (ROUNDING[self.dtype] * (8 + self.call.terms)
                     * (condition + max(size, self.call.gain * dy)))
        if self.dtype == torch.bfloat16:
            tolerance += BF16_ROUNDING * 4 * (condition + max(size, dy))
        return tolerance

    def description(self):
        """What run_cases.cpp reads: the steps, and the tensors."""
        engine, inputs = Engine(), self.call.inputs
        last = self.call.steps(engine, *inputs)
        # The last step may be a reshape of nothing: its output is what the call returns.
        for step in engine.steps:
            step["inputs"] = ["y" if name == last else name for name in step["inputs"]]
            step["output"] = "y" if step["output"] == last else step["output"]
        tensors = {name: numpy(given.tensor if given.own else given.layout(given.tensor))
                   for name, given in inputs.items()}
        description = {"steps": engine.steps, "returns": ["y", *self.call.changes],
                       "gradients": [name[1:] for name in self.exact
                                     if name not in ("y", *self.call.changes)]}
        if self.gpu:
            description["device"] = "cuda"
        if self.dtype == torch.bfloat16:
            description["bf16"] = [name for name, given in inputs.items() if not given.parameter]
        if self.dy is not None and description["gradients"]:
            tensors["dy"] = numpy(self.call.out(self.dy))
        return description, tensors

    def differences(self, results):
        """A line for each result that is not theirs."""
        if isinstance(results, NoResult):
            return [f"{'refused: ' if results.refused else ''}{results}"]
        lines = []
        for name, exact in self.exact.items():
            ours = torch.from_numpy(results[name])
            found = difference(ours, exact, self.native[name], self.tolerance[name])
            if found:
                lines.append(f"{name}: {found}")
            elif name == "y" and self.expected is not None:  # rounded too, so twice as far
                found = difference(ours, self.native[name], self.native[name],
                                   2 * self.tolerance[name])
                if found:
                    lines.append(f"{name}, as the suite expects it: {found}")
        return lines


def numpy(tensor):
    """Of a dtype that a file can hold."""
    tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    return np.ascontiguousarray(tensor.detach().numpy()).reshape(tensor.shape)


def rounded(tensor, dtype):
    """Numbers that bf16 can hold too, where the case is of bf16."""
    return tensor.bfloat16().to(tensor.dtype) if dtype == torch.bfloat16 else tensor


def changed(tensor):
    """Each number by a random part of one rounding."""
    if not tensor.is_floating_point():
        return tensor
    return tensor * (1 + ONE_ROUNDING * (2 * torch.rand_like(tensor) - 1))


def largest(tensor):
    """The largest magnitude among the finite numbers; 0 without any."""
    finite = tensor[torch.isfinite(tensor)]
    return float(finite.abs().max()) if finite.numel() else 0.0


def alike(ours, theirs):
    return (ours == theirs) | (ours.isnan() & theirs.isnan())


def difference(ours, exact, native, tolerance):
    """What differs most, as text; nothing where all agrees."""
    if ours.shape != exact.shape:
        return f"shape {list(ours.shape)}, theirs {list(exact.shape)}"
    ours, exact, native = ours.double(), exact.double(), native.double()
    special = ~torch.isfinite(native)
    wrong = special & ~alike(ours, native) & ~alike(ours, exact)
    reference = torch.where(torch.isfinite(exact), exact, native)
    apart = (ours - reference).abs().nan_to_num(nan=torch.inf)
    wrong |= ~special & ~(apart <= tolerance)
    if not bool(wrong.any()):
        return None
    at = int(torch.where(wrong, torch.where(special, torch.inf, apart), -1.0).argmax())
    index = list(map(int, np.unravel_index(at, ours.shape))) if ours.dim() else []
    theirs = native if bool(special.flatten()[at]) else reference
    return (f"{int(wrong.sum())} of {ours.numel()} differ; at {index} ours is "
            f"{float(ours.flatten()[at])!r}, theirs {float(theirs.flatten()[at])!r}, "
            f"tolerance {tolerance:.1e}")
