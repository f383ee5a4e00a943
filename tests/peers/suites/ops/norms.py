"""Normalisations."""

import math

import torch

from suites.calls import Call, Input, Skip, constant, last_axis, parameter, reshaped, statistic


def norm_gain(rows, gamma, eps):
    """The gain (Call.gain) of normalising rows: γ·dy/σ and dy·x/σ cancel in the gradients."""
    rows = rows.detach().double()
    rows = rows[rows.isfinite().all(-1)]
    if rows.numel() == 0:
        return 1
    deviation = (rows.var(-1, correction=0) + eps).abs().sqrt()
    return (max(1, float(gamma.detach().abs().max())) * max(1, float(rows.abs().max()))
            / max(float(deviation.min()), 1e-300))


def length_gain(rows):
    """Of dividing rows by their length."""
    lengths = rows.detach().double().norm(dim=-1)
    lengths = lengths[lengths.isfinite()]
    return max(1, 1 / max(float(lengths.min()), 1e-300)) if lengths.numel() else 1


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    shape = tuple(normalized_shape)
    width = math.prod(shape)
    rows = reshaped((*input.shape[:input.dim() - len(shape)], width))
    flat = reshaped((width,))
    gamma = constant(torch.ones(width), input) if weight is None else parameter(weight, flat)
    beta = constant(torch.zeros(width), input) if bias is None else parameter(bias, flat)
    return Call(lambda e, x, g, b: e.layer_norm(x, g, b, eps=float(eps)),
                {"x": Input(input, rows), "gamma": gamma, "beta": beta}, rows,
                terms=max(width, input.numel() // max(width, 1)),
                gain=norm_gain(rows(input), gamma.tensor, eps))


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False,
               momentum=0.1, eps=1e-5):
    if input.dim() < 2:
        raise Skip("an input without an axis of channels: not in the engine")
    channels = input.shape[1]
    images = last_axis(1)
    gamma = constant(torch.ones(channels), input) if weight is None else parameter(weight)
    beta = constant(torch.zeros(channels), input) if bias is None else parameter(bias)
    if running_mean is None:
        training = True
        statistics = (constant(torch.zeros(channels), input), constant(torch.ones(channels), input))
        changes = ()
    else:
        statistics = (statistic(running_mean), statistic(running_var))
        changes = ("mean", "var")
    return Call(lambda e, *names: e.normalize(*names, eps=float(eps), momentum=float(momentum),
                                              training=int(training)),
                {"x": Input(input, images), "gamma": gamma, "beta": beta,
                 "mean": statistics[0], "var": statistics[1]}, images,
                terms=input.numel() // channels, changes=changes,
                gain=norm_gain(images(input).reshape(-1, channels).mT, gamma.tensor, eps))


def l2_normalize(input, p=2.0, dim=1, eps=1e-12):
    if p != 2:
        raise Skip("a norm other than the Euclidean one: not in the engine")
    if not isinstance(dim, int):
        raise Skip("a norm over several axes: not in the engine")
    axis = last_axis(dim) if input.dim() else reshaped([1])
    return Call(lambda e, x: e.l2_normalize(x, eps=float(eps)), {"x": Input(input, axis)}, axis,
                terms=input.shape[dim] if input.dim() else 1)
