"""Convolution, pooling and ROIAlign; the engine's images are channels-last."""

import math

import torch

from suites.calls import Call, Input, Skip, one_number, parameter, statistic


def channels_last(image):
    """A batch of images, or one, as [N,H,W,C]."""
    if image.dim() not in (3, 4):
        raise Skip("images of one or three axes: the engine's have height and width")
    return (image if image.dim() == 4 else image[None]).movedim(1, -1)


def filters(weight):
    return weight.movedim(1, -1)


def depthwise_filters(weight):
    return weight[:, 0].movedim(0, -1)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if dilation not in (1, (1, 1)):
        raise Skip("dilation: the engine's convolutions have none")
    stride = one_number("stride", stride)
    kernel = weight.shape[2:]
    if padding == "valid":
        padding = 0
    elif padding == "same":
        if any(size % 2 == 0 for size in kernel):
            raise Skip("padding of two different sides: not in the engine")
        padding = tuple((size - 1) // 2 for size in kernel)
    pad = one_number("padding", padding)
    left_out = () if bias is None else (bias,)
    n, height, width, _ = channels_last(input).shape
    positions = math.prod(s + 2 * pad - k + 1 for s, k in zip((height, width), kernel))
    terms = max(math.prod(kernel) * max(weight.shape[:2]), positions * n)
    if groups == 1:
        return Call(lambda e, x, w: e.conv2d(x, w, stride=stride, pad=pad, shift_frames=0),
                    {"x": Input(input, channels_last), "weight": parameter(weight, filters)},
                    channels_last, terms, without=left_out)
    if groups == weight.shape[0] == input.shape[-3] and stride == 1:
        return Call(lambda e, x, w: e.depthwise_conv2d(x, w, pad=pad),
                    {"x": Input(input, channels_last),
                     "weight": parameter(weight, depthwise_filters)}, channels_last, terms,
                    without=left_out)
    raise Skip("groups: the engine's convolutions have one, or one per channel at stride 1")


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
               return_indices=False):
    if dilation not in (1, (1, 1)):
        raise Skip("dilation: the engine's pooling has none")
    kernel = one_number("kernel", kernel_size)
    stride = one_number("stride", kernel if stride is None or stride == () else stride)
    pad = one_number("padding", padding)
    if ceil_mode and any((size + 2 * pad - kernel) % stride for size in input.shape[-2:]):
        raise Skip("ceil_mode with a window over the edge: not in the engine")
    return Call(lambda e, x: e.max_pool2d(x, kernel=kernel, stride=stride, pad=pad),
                {"x": Input(input, channels_last)}, channels_last, terms=kernel * kernel,
                moves=True)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    sizes = [n if o is None else o for n, o in zip(
        input.shape[-2:], (output_size,) * 2 if isinstance(output_size, int) else output_size)]
    if 0 in sizes or any(n % o for n, o in zip(input.shape[-2:], sizes)):
        raise Skip("windows of different sizes: not in the engine")
    return max_pool2d(input, tuple(n // o for n, o in zip(input.shape[-2:], sizes)))


def global_average_pool(input):
    n, h, w, c = channels_last(input).shape
    return Call(lambda e, x: e.reshape(e.mean(e.mean(x, axis=1), axis=1), shape=[n, 1, 1, c]),
                {"x": Input(input, channels_last)}, channels_last, terms=h * w)


def average_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False,
                   count_include_pad=True, divisor_override=None):
    kernel = (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
    if kernel != tuple(input.shape[-2:]) or padding not in (0, (0, 0)) or divisor_override:
        raise Skip("the average of a part of an image: the engine has that of the whole")
    return global_average_pool(input)


def adaptive_average_pool2d(input, output_size):
    if output_size not in (1, (1, 1)):
        raise Skip("the average of a part of an image: the engine has that of the whole")
    return global_average_pool(input)


def roi_align(input, boxes, batch_indices, *, size, bins):
    """Boxes [R,4] of images batch_indices [R] → [R,C,bins,bins]; the engine has as many of each."""
    counts = torch.bincount(batch_indices, minlength=input.shape[0])
    if len(set(counts.tolist())) > 1:
        raise Skip("a different number of boxes per image: the engine has K of each")
    order = torch.argsort(batch_indices, stable=True)
    n, k = input.shape[0], int(counts[0])
    return Call(lambda e, x, b: e.roi_align(x, b, size=float(size), bins=bins),
                {"features": Input(input, channels_last),
                 "boxes": statistic(boxes, lambda x: x[order].reshape(n, k, 4))},
                lambda y: y[order].unflatten(0, (n, k)).movedim(2, -1),
                terms=16 + 4 * k * bins * bins)
