"""Backbone: TSM-ResNet (SPEC §2)."""

import torch
import torch.nn.functional as F
from torch import nn


class TemporalShift(torch.autograd.Function):
    """Moves 1/8 of the channels one frame back and 1/8 one frame ahead, zero beyond the clip.

    An autograd function because its gradient is the same shift the other way: one pass over the
    map instead of one per slice.
    """

    @staticmethod
    def move(x, frames, direction):
        clips = x.unflatten(0, (-1, frames))  # [B,T,C,H,W]
        fold = x.shape[1] // 8
        first, second, rest = slice(0, fold), slice(fold, 2 * fold), slice(2 * fold, None)
        if direction < 0:
            first, second = second, first
        moved = torch.empty_like(clips)
        moved[:, :-1, first] = clips[:, 1:, first]
        moved[:, -1, first] = 0
        moved[:, 1:, second] = clips[:, :-1, second]
        moved[:, 0, second] = 0
        moved[:, :, rest] = clips[:, :, rest]
        return moved.flatten(0, 1)

    @staticmethod
    def forward(ctx, x, frames):
        ctx.frames = frames
        return TemporalShift.move(x, frames, +1)

    @staticmethod
    def backward(ctx, gradient):
        return TemporalShift.move(gradient, ctx.frames, -1), None


def convolution(channels_in, channels_out, kernel, stride=1):
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    """A residual block; with frames > 0 the input of conv1 is shifted in time."""

    def __init__(self, channels, channels_out, stride, frames):
        super().__init__()
        self.frames = frames
        self.downsample = None
        if stride != 1 or channels != channels_out:
            self.downsample = nn.Sequential(convolution(channels, channels_out, 1, stride),
                                            nn.BatchNorm2d(channels_out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        if self.frames:
            x = TemporalShift.apply(x, self.frames)
        return F.relu(self.residual(x).add_(identity), inplace=True)


class BasicBlock(Block):
    expansion = 1

    def __init__(self, channels, width, stride, frames):
        super().__init__(channels, width, stride, frames)
        self.conv1 = convolution(channels, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)

    def residual(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return self.bn2(self.conv2(x))


class BottleneckBlock(Block):
    expansion = 4

    def __init__(self, channels, width, stride, frames):
        super().__init__(channels, 4 * width, stride, frames)
        self.conv1 = convolution(channels, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, 4 * width, 1)
        self.bn3 = nn.BatchNorm2d(4 * width)

    def residual(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        return self.bn3(self.conv3(x))


class Backbone(nn.Module):
    """[N,3,S,S] -> [N,C,H,W]."""

    def __init__(self, config):
        super().__init__()
        backbone = config["backbone"]
        block = {"basic": BasicBlock, "bottleneck": BottleneckBlock}[backbone["block"]]
        shift_every = 2 if backbone["depths"][2] >= 23 else 1
        channels = backbone["width"]
        self.conv1 = convolution(3, channels, 7, 2)
        self.bn1 = nn.BatchNorm2d(channels)
        self.stages = []
        for i, (depth, stride) in enumerate(zip(backbone["depths"], backbone["strides"])):
            width = backbone["width"] * 2 ** i
            blocks = []
            for j in range(depth):
                frames = config["frames"] if j % shift_every == 0 else 0
                blocks.append(block(channels, width, stride if j == 0 else 1, frames))
                channels = width * block.expansion
            self.stages.append(f"layer{i + 1}")
            self.add_module(self.stages[-1], nn.Sequential(*blocks))
        self.channels = channels

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.max_pool2d(x, 3, 2, 1)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return x
