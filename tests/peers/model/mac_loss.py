"""Mutual Action Consistency: the contrast between the two paths (SPEC §6)."""

import math

import torch
import torch.nn.functional as F


def mac_loss(st, ts, labels, temperature):
    """Contrastive loss between the two paths' tokens [B,T,K,D], labels [B] -> scalar."""
    clips, frames, entities, _ = st.shape

    def embed(x):  # frame-wise unit vectors side by side: products are mean cosines over frames
        x = F.normalize(x, dim=-1, eps=1e-6) / math.sqrt(frames)
        return x.transpose(1, 2).reshape(clips * entities, -1)

    scores = embed(st) @ embed(ts).t() / temperature
    entity = torch.arange(entities, device=st.device).repeat(clips)
    label = labels.repeat_interleave(entities)
    left_out = (entity[:, None] == entity) & (label[:, None] == label)
    left_out.fill_diagonal_(False)
    scores = scores.masked_fill(left_out, -math.inf)
    positive = torch.arange(clips * entities, device=st.device)
    return 0.5 * (F.cross_entropy(scores, positive) + F.cross_entropy(scores.t(), positive))
