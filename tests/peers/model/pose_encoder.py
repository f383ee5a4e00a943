"""Entities of modality pose: an MLP over each one's joints (SPEC §8)."""

import math

import torch
import torch.nn.functional as F
from torch import nn

JOINTS_PER_ENTITY = 12


class PoseEncoder(nn.Module):
    """joints [B,T,K,J,3] -> entity tokens [B,T,K,D], by an MLP of its own for each entity."""

    def __init__(self, config):
        super().__init__()
        entities, frames, dim = len(config["entities"]), config["frames"], config["dim"]
        width = 3 * JOINTS_PER_ENTITY
        self.fc1_weight = nn.Parameter(torch.randn(entities, dim, width) / math.sqrt(width))
        self.fc1_bias = nn.Parameter(torch.zeros(entities, dim))
        self.fc2_weight = nn.Parameter(torch.randn(entities, dim, dim) / math.sqrt(dim))
        self.fc2_bias = nn.Parameter(torch.zeros(entities, dim))
        self.entity_embedding = nn.Parameter(0.02 * torch.randn(entities, dim))
        self.frame_embedding = nn.Parameter(0.02 * torch.randn(frames, dim))

    def forward(self, joints):
        tokens = []
        for k in range(len(self.entity_embedding)):
            hidden = F.gelu(F.linear(joints[:, :, k].flatten(2), self.fc1_weight[k],
                                     self.fc1_bias[k]))
            tokens.append(F.linear(hidden, self.fc2_weight[k], self.fc2_bias[k]))
        return torch.stack(tokens, 2) + self.entity_embedding + self.frame_embedding.unsqueeze(1)
