"""Lets each entity choose between the paths (SPEC §5)."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Router(nn.Module):
    """One small MLP per entity: st, ts [B,T,K,D] -> weights [B,K,2] that sum to 1."""

    def __init__(self, config):
        super().__init__()
        entities, hidden = len(config["entities"]), config["router_hidden"]
        width = 2 * config["dim"]
        self.temperature = config["router_temperature"]
        self.fc1_weight = nn.Parameter(torch.randn(entities, hidden, width) / math.sqrt(width))
        self.fc1_bias = nn.Parameter(torch.zeros(entities, hidden))
        self.fc2_weight = nn.Parameter(torch.randn(entities, 2, hidden) / math.sqrt(hidden))
        self.fc2_bias = nn.Parameter(torch.zeros(entities, 2))

    def forward(self, st, ts):
        def linear(x, weight, bias):  # [K,B,in] -> [K,B,out]
            return torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))

        g = torch.cat([st.mean(1), ts.mean(1)], -1).transpose(0, 1)  # [K,B,2D]
        hidden = F.gelu(linear(g, self.fc1_weight, self.fc1_bias))
        scores = linear(hidden, self.fc2_weight, self.fc2_bias)
        return (scores / self.temperature).softmax(-1).transpose(0, 1)
