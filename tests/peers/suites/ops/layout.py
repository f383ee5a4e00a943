"""Functions that move numbers, and means and sums."""

import math

import torch

from suites.calls import Call, Input, Skip, last_axis, reshaped, whole_axes


def reshaping(theirs):
    """For functions that only give a tensor another shape."""
    def reshape(input, *args, **kwargs):
        shape = list(theirs(input, *args, **kwargs).shape)
        return Call(lambda e, x: e.reshape(x, shape=shape), {"x": Input(input)}, moves=True)
    return reshape


def permuting(theirs):
    """For functions that only exchange axes, by exchanges of two neighbours at a time."""
    def permute(input, *args, **kwargs):
        named = torch.empty([*range(2, 2 + input.dim())], device="meta")
        order = [size - 2 for size in theirs(named, *args, **kwargs).shape]

        def steps(e, x):
            axes, shape = list(range(input.dim())), list(input.shape)
            for end in range(len(axes), 1, -1):
                for i in range(end - 1):
                    if order.index(axes[i]) > order.index(axes[i + 1]):
                        before, behind = shape[:i], shape[i + 2:]
                        four = [math.prod(before), shape[i], shape[i + 1], math.prod(behind)]
                        x = e.swap_middle_axes(e.reshape(x, shape=four))
                        for sequence in (axes, shape):
                            sequence[i], sequence[i + 1] = sequence[i + 1], sequence[i]
            return e.reshape(x, shape=shape)
        return Call(steps, {"x": Input(input)}, moves=True)
    return permute


def reduced_shape(shape, axes, keepdim):
    return [1 if i in axes else size for i, size in enumerate(shape) if keepdim or i not in axes]


def mean(input, dim=None, keepdim=False, *, dtype=None):
    if dtype not in (None, input.dtype):
        raise Skip("a result of another dtype: the engine has a cast of its own")
    if input.dim() == 0:
        return Call(lambda e, x: e.mean(x, axis=0), {"x": Input(input, reshaped([1]))})
    axes = whole_axes(dim, input.dim())
    shape = reduced_shape(input.shape, axes, keepdim)

    def steps(e, x):
        for axis in reversed(axes):
            x = e.mean(x, axis=axis)
        return e.reshape(x, shape=shape)
    return Call(steps, {"x": Input(input)}, terms=math.prod(input.shape[a] for a in axes))


def sum(input, dim=None, keepdim=False, *, dtype=None):
    """All of a tensor with the engine's sum, some axes by their mean."""
    if dtype not in (None, input.dtype):
        raise Skip("a result of another dtype: the engine has a cast of its own")
    axes = whole_axes(dim, input.dim())
    count = math.prod(input.shape[a] for a in axes)
    shape = reduced_shape(input.shape, axes, keepdim)
    if len(axes) == input.dim():
        return Call(lambda e, x: e.reshape(e.sum(x), shape=shape), {"x": Input(input)}, terms=count)
    if count == 0:
        raise Skip("a sum over an empty axis: the engine's sums over one axis are means of it")
    means = mean(input, axes, keepdim)
    return Call(lambda e, x: e.scale(means.steps(e, x), factor=float(count)), means.inputs,
                terms=count)


def concat(tensors, dim=0):
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise Skip("promotion of dtypes: not in the engine")
    if len({tensor.dim() for tensor in tensors}) > 1:
        raise Skip("concat of an empty vector with tensors of more axes: only PyTorch has that")
    axis = last_axis(dim)

    def steps(e, *names):
        joined = names[0]
        for name in names[1:]:
            joined = e.concat(joined, name)
        return joined if len(names) > 1 else e.scale(joined, factor=1.0)
    return Call(steps, {f"x{i}": Input(x, axis) for i, x in enumerate(tensors)}, out=axis,
                moves=True)
