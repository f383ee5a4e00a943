"""Elementwise functions."""

import torch

from suites.calls import Call, Input, Skip, constant, same_shape


def add(input, other, *, alpha=1):
    """input + alpha·other."""
    if not isinstance(other, torch.Tensor) or not isinstance(input, torch.Tensor):
        raise Skip("a number instead of a tensor: add takes two tensors")
    same_shape("add", input, other)
    return Call(lambda e, a, b: e.add(a, b if alpha == 1 else e.scale(b, factor=float(alpha))),
                {"a": Input(input), "b": Input(other)})


def subtract(input, other, *, alpha=1):
    return add(input, other, alpha=-alpha)


def subtract_from(input, other, *, alpha=1):
    return add(other, input, alpha=-alpha)


def add_all(*tensors):
    """The sum of any number of tensors."""
    same_shape("add", *tensors)

    def steps(e, *names):
        total = names[0]
        for name in names[1:]:
            total = e.add(total, name)
        return total if len(names) > 1 else e.scale(total, factor=1.0)
    return Call(steps, {f"x{i}": Input(x) for i, x in enumerate(tensors)}, terms=len(tensors))


def multiply(input, other):
    if not isinstance(other, torch.Tensor):
        return scale(input, other)
    if not isinstance(input, torch.Tensor):
        return scale(other, input)
    same_shape("multiply", input, other)
    return Call(lambda e, a, b: e.multiply(a, b), {"a": Input(input), "b": Input(other)})


def scale(input, factor):
    if not isinstance(input, torch.Tensor):
        raise Skip("a number instead of a tensor: scale takes a tensor")
    if isinstance(factor, complex):
        raise Skip("complex numbers: not in the engine")
    return Call(lambda e, x: e.scale(x, factor=float(factor)), {"x": Input(input)})


def negate(input):
    return scale(input, -1)


def square(input):
    """One tensor as both inputs: its gradient is the sum of two."""
    return Call(lambda e, x: e.multiply(x, x), {"x": Input(input)}, terms=2)


def relu(input, inplace=False):
    return Call(lambda e, x: e.relu(x), {"x": Input(input)}, moves=True)


def gelu(input, *, approximate="none"):
    if approximate != "none":
        raise Skip("GELU by tanh: the engine's is the exact one, by erf")
    return Call(lambda e, x: e.gelu(x), {"x": Input(input)})


def cast_to(dtype):
    def cast(input, **kwargs):
        if any(value is not torch.preserve_format for value in kwargs.values()):
            raise Skip("a memory format: not in the engine")
        return Call(lambda e, x: e.cast(x, dtype=dtype), {"x": Input(input)}, moves=True)
    return cast


def dropout(input, p=0.5, training=True, inplace=False):
    if training and p > 0:
        raise Skip("dropout in training: every library draws its own random numbers")
    return Call(lambda e, x, seed: e.dropout(x, seed, p=0.0),
                {"x": Input(input), "seed": constant(torch.zeros(2, dtype=torch.int64))},
                moves=True)
