"""Pre-norm encoders over one axis: Spatial-T and Temporal-T (SPEC §5)."""

import math

import torch.nn.functional as F
from torch import nn

from model.layers import Mlp


def attend(q, k, v, axis, heads):
    """Attention of q, k, v [B,T,K,D] along axis 1 (frames) or 2 (entities) -> [B,T,K,D]."""
    def split(x):  # -> [B, other axis, heads, attended axis, D/heads]
        return x.unflatten(-1, (heads, -1)).permute(0, 3 - axis, 3, axis, 4)
    q, k, v = split(q), split(k), split(v)
    if hasattr(F, "scaled_dot_product_attention"):
        y = F.scaled_dot_product_attention(q, k, v)
    else:
        scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
        y = scores.softmax(-1) @ v
    order = (0, 3, 1, 2, 4) if axis == 1 else (0, 1, 3, 2, 4)
    return y.permute(order).flatten(-2)


class Attention(nn.Module):
    def __init__(self, config, axis):
        super().__init__()
        self.axis, self.heads = axis, config["heads"]
        self.qkv = nn.Linear(config["dim"], 3 * config["dim"])
        self.proj = nn.Linear(config["dim"], config["dim"])

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return self.proj(attend(q, k, v, self.axis, self.heads))


class EncoderLayer(nn.Module):
    def __init__(self, config, axis):
        super().__init__()
        dim = config["dim"]
        self.dropout = config["dropout"]
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(config, axis)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, config["mlp_ratio"] * dim, dim)

    def forward(self, x):
        x = x + F.dropout(self.attn(self.norm1(x)), self.dropout, self.training)
        return x + F.dropout(self.mlp(self.norm2(x)), self.dropout, self.training)


class Transformer(nn.Module):
    def __init__(self, config, axis):
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config, axis) for _ in range(config["layers"]))
        self.norm = nn.LayerNorm(config["dim"])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)
