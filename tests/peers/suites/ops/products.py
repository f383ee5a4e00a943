"""Products of matrices, and linear layers."""

import math

import torch

from suites.calls import Call, Input, Skip, chained, constant, parameter, reshaped, same, transposed


def linear(input, weight, bias=None):
    inputs = {"x": Input(input), "weight": parameter(weight)}
    out = same
    if weight.dim() == 1:
        inputs["weight"] = parameter(weight, reshaped((1, *weight.shape)))
        out = reshaped((*input.shape[:-1], 1))
    if bias is not None:
        wanted = weight.shape[:1] if weight.dim() == 2 else ()
        if bias.shape != wanted:
            raise Skip("broadcasting: the bias of linear has one number per output")
        inputs["bias"] = parameter(bias, reshaped(weight.shape[:-1] or (1,)))
    rows = math.prod(input.shape[:-1])
    return Call(lambda e, *names: e.linear(*names), inputs, out,
                terms=max(weight.shape[-1], rows, weight.shape[0]))


def matmul(input, other, *, out_dtype=None):
    """Matrices, vectors, and batches of matrices, as torch.matmul has them."""
    if out_dtype is not None:
        raise Skip("a result of another dtype: the engine has a cast of its own")
    if input.dtype != other.dtype:
        raise Skip("promotion of dtypes: not in the engine")
    a = same if input.dim() > 1 else reshaped((1, *input.shape))
    b = (transposed if other.dim() == 2 else
         chained(reshaped((*other.shape, 1)), transposed))
    terms = max([*input.shape, *other.shape, math.prod(input.shape[:-1])])
    if other.dim() <= 2:  # [..., M, K] · [K, N]
        columns = (1,) if other.dim() == 1 else other.shape[1:]
        out = reshaped((*a(input).shape[:-1], *columns))
        if input.dim() <= 2:
            return Call(lambda e, a, b: e.matmul_nt(a, b, alpha=1.0),
                        {"a": Input(input, a), "b": Input(other, b)}, out, terms)
        return Call(lambda e, x, w: e.linear(x, w),
                    {"x": Input(input), "weight": parameter(other, b)}, out, terms)
    if input.dim() < 3 or input.shape[:-2] != other.shape[:-2]:
        raise Skip("broadcasting: a batch of matrices with another batch")
    # A batch of products is a linear layer per group: x [M,G,K], weight [G,N,K].
    batch, (m, k), n = input.shape[:-2], input.shape[-2:], other.shape[-1]
    groups = math.prod(batch)
    rows = chained(reshaped((groups, m, k)), swapped)
    columns = chained(reshaped((groups, k, n)), transposed)
    out = chained(reshaped((groups, m, n)), swapped)
    return Call(lambda e, *names: e.grouped_linear(*names),
                {"x": Input(input, rows), "weight": parameter(other, columns),
                 "bias": constant(torch.zeros(groups, n), input)}, out, terms)


def swapped(x):
    return x.transpose(0, 1)


def outer(input, vec2):
    return Call(lambda e, a, b: e.matmul_nt(a, b, alpha=1.0),
                {"a": Input(input, reshaped((*input.shape, 1))),
                 "b": Input(vec2, reshaped((*vec2.shape, 1)))},
                terms=max(*input.shape, *vec2.shape))


def inner(input, other):
    if input.dim() != 1 or other.dim() != 1:
        raise Skip("inner products of more than two vectors: not in the engine")
    return matmul(input, other)


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta·input + alpha·mat1·mat2; as a linear layer where it is one."""
    if isinstance(alpha, complex) or isinstance(beta, complex):
        raise Skip("complex numbers: not in the engine")
    m, n = mat1.shape[0], mat2.shape[1]
    terms = max(*mat1.shape, *mat2.shape)
    if alpha == 1 and beta == 1 and tuple(input.shape) in ((n,), (1, n)):
        return Call(lambda e, x, w, b: e.linear(x, w, b),
                    {"x": Input(mat1), "weight": parameter(mat2, transposed),
                     "bias": parameter(input, reshaped((n,)))}, terms=terms)
    if tuple(input.shape) != (m, n):
        raise Skip("broadcasting: what is added to a product has its shape, or is a bias of ones")
    return Call(lambda e, c, a, b: e.add(e.scale(c, factor=float(beta)),
                                         e.matmul_nt(a, b, alpha=float(alpha))),
                {"c": Input(input), "a": Input(mat1), "b": Input(mat2, transposed)}, terms=terms)
