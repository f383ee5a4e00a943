"""Entities of frames: ROIAlign and the SEM (SPEC §4)."""

import torch
import torch.nn.functional as F
from torch import nn


def interpolation_weights(low, high, bins, cells):
    """Weights of `cells` feature cells in each of `bins` bins along one axis: [..., bins, cells].

    low and high [...] are box edges in cells. Each row is the mean of the bin's two bilinear
    samples; a sample outside [-1, cells] has weight 0 and still counts in the mean.
    """
    positions = (torch.arange(2 * bins, device=low.device, dtype=low.dtype) + 0.5) / (2 * bins)
    sample = (low - 0.5).unsqueeze(-1) + (high - low).unsqueeze(-1) * positions
    inside = (sample >= -1) & (sample <= cells)
    sample = sample.clamp(0, cells - 1)
    grid = torch.arange(cells, device=low.device, dtype=low.dtype)
    hat = (1 - (sample.unsqueeze(-1) - grid).abs()).clamp(min=0) * inside.unsqueeze(-1)
    return hat.unflatten(-2, (bins, 2)).mean(-2)


def roi_align(features, boxes, image_size, bins):
    """features [N,C,H,W], boxes [N,K,4] in pixels -> [N·K,C,P,P].

    Bilinear sampling and the mean over 2×2 samples are both separable, so a bin is a weighted sum
    of feature cells with weights (row weight × column weight), and all bins of a frame are one
    matrix product with its feature map, forward and backward. (Gathering each sample's neighbours
    with embedding_bag measures no better over the presets: its backward is a scatter.)
    """
    count, channels, height, width = features.shape
    x1, x2 = (boxes[..., i] * (width / image_size) for i in (0, 2))
    y1, y2 = (boxes[..., i] * (height / image_size) for i in (1, 3))
    rows = interpolation_weights(y1, y2, bins, height)
    columns = interpolation_weights(x1, x2, bins, width)
    weights = rows[:, :, :, None, :, None] * columns[:, :, None, :, None, :]  # [N,K,P,P,H,W]
    cells = features.permute(0, 2, 3, 1).reshape(count, height * width, channels)
    pooled = torch.bmm(weights.reshape(count, -1, height * width), cells)  # [N,K·P·P,C]
    return pooled.view(-1, bins, bins, channels).permute(0, 3, 1, 2)


class SpatialEntityModule(nn.Module):
    """features [N,C,H,W], boxes [N,K,4] -> entity tokens [B,T,K,D]."""

    def __init__(self, config, channels):
        super().__init__()
        self.image_size, self.bins = config["size"], config["roi"]
        entities, frames, dim = len(config["entities"]), config["frames"], config["dim"]
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, dim, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(dim)
        self.entity_embedding = nn.Parameter(0.02 * torch.randn(entities, dim))
        self.frame_embedding = nn.Parameter(0.02 * torch.randn(frames, dim))

    def forward(self, features, boxes):
        x = roi_align(features, boxes, self.image_size, self.bins)
        x = F.relu(self.bn1(self.depthwise(x)), inplace=True)
        x = F.relu(self.bn2(self.pointwise(x)), inplace=True)
        frames, entities = len(self.frame_embedding), len(self.entity_embedding)
        x = x.mean((2, 3)).view(-1, frames, entities, x.shape[1])
        return x + self.entity_embedding + self.frame_embedding.unsqueeze(1)
