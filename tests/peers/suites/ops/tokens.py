"""Softmax, attention and the cross-entropy."""

import torch

from suites.calls import Call, Input, Skip, constant, last_axis, reshaped


def softmax(input, dim=-1, *, dtype=None, factor=1):
    if dtype not in (None, input.dtype):
        raise Skip("a result of another dtype: the engine has a cast of its own")
    axis = last_axis(dim) if input.dim() else reshaped([1])
    return Call(lambda e, x: e.softmax(x if factor == 1 else e.scale(x, factor=float(factor)),
                                       temperature=1.0),
                {"x": Input(input, axis)}, axis, terms=input.shape[dim] if input.dim() else 1)


def softmin(input, dim=-1, *, dtype=None):
    return softmax(input, dim, dtype=dtype, factor=-1)


def attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None,
              enable_gqa=False):
    """Of [N,heads,L,E]; the engine's queries, keys and values are packed, and as many of each."""
    if attn_mask is not None or is_causal:
        raise Skip("a mask: the engine's attention has none")
    if dropout_p > 0:
        raise Skip("dropout in training: every library draws its own random numbers")
    if not query.shape == key.shape == value.shape:
        raise Skip("other numbers or widths of keys and values than of queries: not in the engine")
    width = query.shape[-1]
    own = scale is not None and abs(scale * width ** 0.5 - 1) > 1e-6
    if query.dim() != 4 or own:
        raise Skip("a scale of one's own: the engine's is 1/√width")
    n, heads, length, _ = query.shape

    def packed(x):
        return x.transpose(1, 2).reshape(n, 1, length, heads * width)

    return Call(lambda e, q, k, v: e.attention(e.concat(e.concat(q, k), v), heads=heads,
                                               axis="entities"),
                {"q": Input(query, packed), "k": Input(key, packed), "v": Input(value, packed)},
                packed, terms=max(length, width))


def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None,
                  reduction="mean", label_smoothing=0.0):
    if weight is not None:
        raise Skip("weights of classes: not in the engine")
    if reduction != "mean":
        raise Skip("a loss per row, or their sum: the engine has the mean")
    if target.is_floating_point():
        raise Skip("probabilities as targets: the engine takes classes")
    if bool((target == ignore_index).any()):
        raise Skip("rows that are ignored: not in the engine")
    classes = input.shape[1] if input.dim() > 1 else input.shape[0]

    def rows(x):
        return (x[None] if x.dim() == 1 else x.movedim(1, -1)).reshape(-1, classes)

    labels = constant(target.reshape(-1).to(torch.int64))
    return Call(lambda e, x, t: e.softmax_cross_entropy(x, t, smoothing=float(label_smoothing)),
                {"x": Input(input, rows), "targets": labels}, reshaped((1,)),
                terms=max(classes, labels.tensor.numel()))
