"""A call of somebody else's function, and what of the engine computes the same.

A Call names the inputs that the engine needs, in the layout that it wants them in, and the steps
that make the output of them. Layouts only move numbers (the engine's images are channels-last):
whatever computes is a step of the engine's.
"""

import dataclasses
import math
import typing

import torch


class Skip(Exception):
    """The engine has no op for this call; the text says why."""


# A layout is a function: a tensor of theirs as the engine wants it. It also brings the gradient of
# theirs to that of ours, and the output of theirs to the engine's.

def same(x):
    return x


def transposed(x):
    return x.mT


def last_axis(axis):
    return lambda x: x.movedim(axis, -1)


def reshaped(shape):
    shape = tuple(shape)
    return lambda x: x.reshape(shape)


def chained(*layouts):
    def ours(x):
        for layout in layouts:
            x = layout(x)
        return x
    return ours


@dataclasses.dataclass
class Input:
    """A tensor of the caller's, or one that the engine needs besides (`own`, in its layout)."""

    tensor: torch.Tensor
    layout: typing.Callable = same
    own: bool = False
    gradient: bool = True
    parameter: bool = False  # f32 beside bf16 activations


def parameter(tensor, layout=same):
    return Input(tensor, layout, parameter=True)


def statistic(tensor, layout=same):
    """A parameter without a gradient."""
    return Input(tensor, layout, gradient=False, parameter=True)


def constant(tensor, like=None):
    """Of the dtype of `like`, if that is given."""
    return Input(tensor if like is None else tensor.to(like.dtype), own=True, gradient=False,
                 parameter=True)


class Engine:
    """Notes steps for run_cases.cpp: engine.softmax(x, temperature=1) returns the output's name."""

    def __init__(self):
        self.steps = []

    def __getattr__(self, op):
        def step(*inputs, **attributes):
            for name, value in attributes.items():
                if isinstance(value, float) and not math.isfinite(value):
                    attributes[name] = repr(value)  # JSON has no such number
            output = f"y{len(self.steps)}"
            self.steps.append({"op": op, "inputs": list(inputs), "output": output, **attributes})
            return output
        return step


@dataclasses.dataclass
class Call:
    """`steps` takes an Engine and the names of the inputs, in order, and adds the steps."""

    steps: typing.Callable
    inputs: dict  # name: Input
    out: typing.Callable = same
    # The longest sum that any number of the output or of a gradient is made of.
    terms: int = 1
    # How many times dy the terms are that cancel in a gradient: their roundings stay where they do.
    gain: float = 1
    # True where the output is made of the input's numbers as they are: an op that selects or moves.
    moves: bool = False
    # Tensors of theirs that are left out on both sides (the bias of a convolution).
    without: tuple = ()
    # Inputs that the call changes in place: compared behind it.
    changes: tuple = ()


def same_shape(op, *tensors):
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise Skip(f"broadcasting: {op} takes tensors of one shape")
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise Skip("promotion of dtypes: not in the engine")


def whole_axes(axis, rank):
    """The axes that a reduction names, sorted, without negative ones."""
    if rank == 0 or axis is None or axis == () or axis == []:
        return list(range(rank))
    axes = [axis] if isinstance(axis, int) else list(axis)
    return sorted(a % rank for a in axes)


def one_number(name, value):
    """The number that a pair of equal ones stands for."""
    if isinstance(value, int):
        return value
    if len(set(value)) != 1:
        raise Skip(f"a different {name} for height and width: not in the engine")
    return value[0]
